create or replace function dpg_private.are_item_filters(
  item_network text,
  item_domain text,
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.is_key(item_network)
  and dpg_private.is_key(item_domain)
  and (item_type is null or dpg_private.is_key(item_type))
  and (created_by is null or dpg_private.is_key(created_by))
  and (item_instance_url is null or dpg_private.is_url(item_instance_url))
  and (item_schema_url is null or dpg_private.is_url(item_schema_url))
  and (item_state is null or dpg_private.is_short_document(item_state));

comment on function dpg_private.are_item_filters(text, text, text, text, text, text, jsonb) is
  'Whether dpg_private.check_item_filters has nothing to say, or at most of a long item_state. False or null where it may. Stored parsed and inlined.';

create or replace function dpg_private.check_item_filters(
  item_network text,
  item_domain text,
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain);
  if item_type is not null then
    perform dpg_private.check_key('item_type', item_type);
  end if;
  if created_by is not null then
    perform dpg_private.check_key('created_by', created_by);
  end if;
  if item_instance_url is not null then
    perform dpg_private.check_url('item_instance_url', item_instance_url);
  end if;
  if item_schema_url is not null then
    perform dpg_private.check_url('item_schema_url', item_schema_url);
  end if;
  if item_state is not null then
    perform dpg_private.check_document('item_state', item_state);
  end if;
end
$body$;

comment on function dpg_private.check_item_filters(text, text, text, text, text, text, jsonb) is
  'Raises DP001 for a filter of find_items, count_items or nearest_items that is out of range; all but network and domain may be null.';

create or replace function dpg_private.item_conditions_sql(
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  circle dpg_private.circle_bounds
)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'true',
    case when item_type is not null then ' and i.item_type = $1' end,
    case when created_by is not null then ' and i.created_by = $2' end,
    case when item_instance_url is not null then ' and i.item_instance_url = $3' end,
    case when item_schema_url is not null then ' and i.item_schema_url = $4' end,
    case when item_state is not null then ' and i.item_state @> $5' end,
    case when circle.reach is not null then ' and ' || dpg_private.circle_condition_sql(circle) end
  );
end
$body$;

comment on function dpg_private.item_conditions_sql(text, text, text, text, jsonb, dpg_private.circle_bounds) is
  'The where clause for the filters that are given, over a leaf named i. Parameters: $1 item_type, $2 created_by, $3 item_instance_url, $4 item_schema_url, $5 item_state, and $6 to $13 of dpg_private.circle_condition_sql.';

create or replace function dpg_private.item_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
   i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at';

comment on function dpg_private.item_columns_sql() is
  'The columns of an item i that dpg.found_item and dpg.nearest_item have, in their order. Named, since an application may add columns to dpg.items.';
