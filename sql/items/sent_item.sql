do $body$
begin
  if pg_catalog.to_regtype('dpg_private.sent_item') is null then
    create type dpg_private.sent_item as (
      index integer,
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      item_latitude double precision,
      item_longitude double precision,
      created_by text,
      written_at timestamptz,
      item_status text,
      new_status text
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.sent_item')
      and a.attname = 'new_status'
  ) then
    alter type dpg_private.sent_item add attribute item_status text, add attribute new_status text;
  end if;
end
$body$;

comment on type dpg_private.sent_item is
  'An element of upsert_items as a row: its index, counted from 0, then our columns of dpg.items. written_at is for
created_at and updated_at. item_status: as it was sent. new_status: what a new item gets.';

create or replace function dpg_private.item_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url',
  'item_state', 'item_latitude', 'item_longitude', 'item_id', 'item_status'
];

comment on function dpg_private.item_fields() is
  'The fields that an element of upsert_items may have.';

create or replace function dpg_private.check_item_object(item jsonb, index integer)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  kind text;
begin
  if jsonb_typeof(item) <> 'object' then
    perform dpg_private.refuse_argument(
      'items', item, 'is not a JSON object',
      'Each element is an object whose fields are column names of dpg.items.', index
    );
  end if;

  select k.field
  into field
  from jsonb_object_keys(item) k(field)
  where k.field <> all (dpg_private.item_fields())
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      left(field, 120), item -> field, 'is not a field of an item',
      format('An element may have the fields %s.', array_to_string(dpg_private.item_fields(), ', ')), index
    );
  end if;

  foreach field in array dpg_private.item_fields() loop
    kind := dpg_private.kind_of_field(field);
    continue when kind = 'object' and not item ? field;
    continue when (kind in ('uuid', 'latitude', 'longitude') or field = 'item_status')
      and nullif(item -> field, 'null') is null;
    if kind = 'object' then
      perform dpg_private.check_document(field, item -> field, index);
    elsif not dpg_private.is_field(kind, item -> field) then
      perform dpg_private.refuse_field(field, kind, item -> field, index);
    end if;
  end loop;
  if nullif(item -> 'item_latitude', 'null') is null and nullif(item -> 'item_longitude', 'null') is not null then
    field := 'item_latitude';
  elsif nullif(item -> 'item_longitude', 'null') is null and nullif(item -> 'item_latitude', 'null') is not null then
    field := 'item_longitude';
  else
    return;
  end if;
  perform dpg_private.refuse_argument(
    field, null, 'is missing', 'Pass both item_latitude and item_longitude, or neither.', index
  );
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001, with the index, for an element of upsert_items with unknown, missing or malformed fields.';

create or replace function dpg_private.check_ids_differ(items dpg_private.sent_item[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  again record;
begin
  if (select count(distinct i.item_id) from unnest(items) i) = cardinality(items) then
    return;
  end if;
  select d.item_id, d.index
  into again
  from (
    select i.item_id, i.index, row_number() over (partition by i.item_id order by i.index) as occurrence
    from unnest(items) i
  ) d
  where d.occurrence > 1
  order by d.index
  limit 1;
  perform dpg_private.refuse_argument(
    'item_id', to_jsonb(again.item_id), 'is there twice', 'Give each element an id of its own.', again.index
  );
end
$body$;

comment on function dpg_private.check_ids_differ(dpg_private.sent_item[]) is
  'Raises DP001 with the index of the first element whose item_id an earlier one has.';
