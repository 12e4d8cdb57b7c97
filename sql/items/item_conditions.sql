create or replace function dpg_private.item_conditions(
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  radius_meters double precision
)
returns text
language sql
immutable
parallel safe
security invoker
return concat(
  'true',
  case when item_type is not null then ' and i.item_type = $1' end,
  case when created_by is not null then ' and i.created_by = $2' end,
  case when item_instance_url is not null then ' and i.item_instance_url = $3' end,
  case when item_schema_url is not null then ' and i.item_schema_url = $4' end,
  case when item_state is not null then ' and i.item_state @> $5' end,
  case when radius_meters is not null then
    ' and i.item_latitude is not null and dpg_private.is_within(i.item_latitude, i.item_longitude, $6, $7, $8)'
  end
);

comment on function dpg_private.item_conditions(text, text, text, text, jsonb, double precision) is
  'The where clause for the filters that are given, over a leaf named i. Parameters: $1 item_type, $2 created_by, $3 item_instance_url, $4 item_schema_url, $5 item_state, $6 latitude, $7 longitude, $8 radius_meters.';
