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
  'The where clause for the filters that are given, over a leaf named i. Parameters: $1 item_type, $2 created_by,
$3 item_instance_url, $4 item_schema_url, $5 item_state, and $6 to $13 of dpg_private.circle_condition_sql.';
