create or replace function dpg_private.digest_of_item(
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, created_by)::text, 'UTF8'
  )
);

comment on function dpg_private.digest_of_item(text, text, jsonb, double precision, double precision, text) is
  'SHA-256 of the content of an item and its owner, for dpg_private.sent_contents.';
