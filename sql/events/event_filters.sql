do $body$
begin
  if pg_catalog.to_regtype('dpg_private.event_search') is null then
    create type dpg_private.event_search as (
      actor text,
      ownership_role text,
      action_id uuid,
      action_status text,
      update_count integer,
      item_id uuid
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.event_page') is null then
    create type dpg_private.event_page as (
      row_limit integer,
      binding bigint,
      after_time timestamptz,
      after_update_count integer,
      after_network text,
      after_type text,
      after_id uuid
    );
  end if;
end
$body$;

comment on type dpg_private.event_search is
  'The arguments of dpg.find_events that say which events of a leaf. Null: all, except in actor and ownership_role. It
is $1 of every statement that is put together for a search.';
comment on type dpg_private.event_page is
  'A page of dpg.find_events: how many rows, what its tokens are bound to, and the row that it starts after (null on the
first page): its created_at, update_count and key. It is $2 of every statement that is put together for a search.';

create or replace function dpg_private.page_of_events(binding bigint, row_limit integer, page_token text)
returns dpg_private.event_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.event_page;
  page_start bytea;
  keys jsonb; -- update_count, partition_network and action_type
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_update_count := (keys ->> 0)::integer;
    page.after_network := keys ->> 1;
    page.after_type := keys ->> 2;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_events(bigint, integer, text) is
  'The page that a token of find_events asks for; without a token the first one. A place in the order of events is
created_at in 8 bytes, event_id in 16, and a JSON array of update_count, partition_network and action_type.
Raises DP011.';
