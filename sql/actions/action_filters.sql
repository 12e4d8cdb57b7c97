do $body$
begin
  if pg_catalog.to_regtype('dpg_private.action_search') is null then
    create type dpg_private.action_search as (
      actor text,
      ownership_role text,
      partition_network text,
      item_id uuid,
      action_types text[],
      action_statuses text[],
      action_id uuid,
      oldest_first boolean,
      with_items boolean
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.action_search')
      and a.attname = 'with_items'
  ) then
    alter type dpg_private.action_search
      drop attribute action_type,
      drop attribute action_status,
      add attribute action_types text[],
      add attribute action_statuses text[],
      add attribute action_id uuid,
      add attribute oldest_first boolean,
      add attribute with_items boolean;
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
  'The arguments of dpg.find_actions that say which actions, in which order, and whether with their items. Null: all,
except in actor and ownership_role. A single type or status is an array of one; no status is twice in it. It is $1 of
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

create or replace function dpg_private.token_of_action(
  binding bigint,
  updated_at timestamptz,
  partition_network text,
  action_type text,
  action_id uuid,
  target_item_instance_url text
)
returns text
language sql
stable
parallel safe
security invoker
return dpg_private.token_of_position(
  binding,
  timestamptz_send(updated_at) || uuid_send(action_id)
    || convert_to(jsonb_build_array(partition_network, action_type, target_item_instance_url)::text, 'UTF8')
);

comment on function dpg_private.token_of_action(bigint, timestamptz, text, text, uuid, text) is
  'The token that stands for the place of an action in the order. For statements whose plan is kept, as
dpg_private.token_of_position. Inlined.';

create or replace function dpg_private.refuse_one_or_several(
  argument_of_one text,
  one text,
  argument_of_several text,
  several text[]
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if one is not null then
    perform dpg_private.refuse_argument(
      argument_of_several, to_jsonb(several), 'stands beside ' || argument_of_one,
      format('Pass %s for one, %s for several, or neither for all.', argument_of_one, argument_of_several)
    );
  end if;
  perform dpg_private.refuse_argument(
    argument_of_several, to_jsonb(s.key), case when s.key is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', s.number::integer - 1
  )
  from unnest(several) with ordinality s(key, number)
  where dpg_private.is_key(s.key) is not true;
end
$body$;

comment on function dpg_private.refuse_one_or_several(text, text, text, text[]) is
  'Raises DP001 for several that are no keys, or that stand beside one.';

create or replace function dpg_private.check_one_or_several(
  argument_of_one text,
  one text,
  argument_of_several text,
  several text[]
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when several is null then dpg_private.check_key_or_none(argument_of_one, one)
  else dpg_private.refuse_one_or_several(argument_of_one, one, argument_of_several, several)
end;

comment on function dpg_private.check_one_or_several(text, text, text, text[]) is
  'Raises DP001 unless a filter is one key, several, or not given at all.';
