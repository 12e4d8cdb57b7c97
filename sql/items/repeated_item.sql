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
    jsonb_build_array(item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, created_by)::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_item(text, text, jsonb, double precision, double precision, text) is
  'SHA-256 of the content of an item and its owner, for dpg_private.sent_contents.';

create or replace function dpg_private.is_repeated_item(
  stored dpg.items,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return dpg_private.was_sent(
  'items', stored.item_network, stored.item_domain, stored.item_type, stored.item_id,
  dpg_private.digest_of_item(
    is_repeated_item.item_instance_url, is_repeated_item.item_schema_url, is_repeated_item.item_state,
    is_repeated_item.item_latitude, is_repeated_item.item_longitude, is_repeated_item.created_by
  ),
  dpg_private.digest_of_item(
    stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude,
    stored.created_by
  )
);

comment on function dpg_private.is_repeated_item(
  dpg.items, text, text, jsonb, double precision, double precision, text
) is
  'Whether the stored item is what a trigger of the application made of exactly this content from this owner. Then
sending the content again changes nothing.';

create or replace function dpg_private.read_written_item(leaf regclass, sent dpg.items, operation text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  execute format('select * from %s i where %s', leaf, dpg_private.item_key_sql())
  into stored
  using sent.item_network, sent.item_domain, sent.item_type, sent.item_id;
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed(operation, leaf, to_jsonb(dpg_private.ref_of_item(sent)));
  end if;
  perform dpg_private.note_sent(
    'items', sent.item_network, sent.item_domain, sent.item_type, sent.item_id,
    dpg_private.digest_of_item(
      sent.item_instance_url, sent.item_schema_url, sent.item_state, sent.item_latitude, sent.item_longitude,
      sent.created_by
    ),
    dpg_private.digest_of_item(
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude,
      stored.created_by
    )
  );
  return stored;
end
$body$;

comment on function dpg_private.read_written_item(regclass, dpg.items, text) is
  'The stored row of an item that was just written (operation: insert or update), for tables to which the
application has added columns or triggers. Notes what was sent where that differs from what is stored. Raises DP018
when there is no row.';
