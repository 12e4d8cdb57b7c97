do $body$
begin
  if pg_catalog.to_regtype('dpg_private.action_search') is null then
    create type dpg_private.action_search as (
      actor text,
      ownership_role text,
      partition_network text,
      action_type text,
      action_status text,
      item_id uuid
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.action_page') is null then
    create type dpg_private.action_page as (
      row_limit integer,
      binding bigint,
      after_time timestamptz,
      after_network text,
      after_type text,
      after_id uuid,
      after_url text
    );
  end if;
end
$body$;

comment on type dpg_private.action_search is
  'The arguments of dpg.find_actions that say which actions. Null: all, except in actor and ownership_role. It is $1 of
every statement that is put together for a search.';
comment on type dpg_private.action_page is
  'A page of dpg.find_actions: how many rows, what its tokens are bound to, and the row that it starts after (null on
the first page): its updated_at, its key and its target_item_instance_url. It is $2 of every statement that is put
together for a search.';

create or replace function dpg_private.page_of_actions(binding bigint, row_limit integer, page_token text)
returns dpg_private.action_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.action_page;
  page_start bytea;
  keys jsonb; -- partition_network, action_type and target_item_instance_url
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_network := keys ->> 0;
    page.after_type := keys ->> 1;
    page.after_url := keys ->> 2;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_actions(bigint, integer, text) is
  'The page that a token of find_actions asks for; without a token the first one. A place in the order of actions is
updated_at in 8 bytes, action_id in 16, and a JSON array of partition_network, action_type and target_item_instance_url.
Raises DP011.';
