create or replace function dpg_private.item_key_sql()
returns text
language sql
immutable
parallel safe
security invoker
return 'i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4';

comment on function dpg_private.item_key_sql() is
  'The condition that a row i of a leaf is the item of a key. Parameters: $1 item_network, $2 item_domain, $3 item_type,
$4 item_id.';

create or replace function dpg_private.item_content_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@item_instance_url, @item_schema_url, @item_state,
   @item_latitude, @item_longitude, @created_by, @created_at, @updated_at, @item_status',
  '@', alias
);

comment on function dpg_private.item_content_columns_sql(text) is
  'The columns of dpg_private.item_columns_sql that come after the key of an item.';

create or replace function dpg_private.item_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace('@item_network, @item_domain, @item_type, @item_id, ', '@', alias)
  || dpg_private.item_content_columns_sql(alias);

comment on function dpg_private.item_columns_sql(text) is
  'Our columns of dpg.items, in the order of dpg.found_item and dpg.nearest_item. Named one by one, since an
application may add columns to the table. alias stands before each: ''i.'' or nothing.';

create or replace function dpg_private.ref_of_item(item dpg.items)
returns dpg.item_ref
language sql
immutable
parallel safe
security invoker
return row(item.item_network, item.item_domain, item.item_type, item.item_id)::dpg.item_ref;

comment on function dpg_private.ref_of_item(dpg.items) is
  'The key of an item, for refusals.';

create or replace function dpg_private.read_item(leaf regclass, slot smallint, item dpg.item_ref)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null and slot is not null then
    return dpg_private.item_in_slot(slot, item);
  elsif leaf is not null then
    execute format('select * from %s i where %s', leaf, dpg_private.item_key_sql())
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.read_item(regclass, smallint, dpg.item_ref) is
  'The item of this key in its leaf, as the statement sees it that calls. All columns are null where there is none, or
no leaf.';

create or replace function dpg_private.lock_item(
  leaf regclass,
  item dpg.item_ref,
  strength text,
  slot smallint default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null and slot is not null and strength in ('key share', 'no key update') then
    return dpg_private.lock_item_in_slot(slot, item, strength);
  elsif leaf is not null then
    if strength = 'update' then
      -- The table first, as the deletion needs it: a call that creates a leaf of actions locks the leaves of items
      -- of its network before it locks items.
      execute format('lock table only %s in row exclusive mode', leaf);
    end if;
    execute format('select * from %s i where %s for %s', leaf, dpg_private.item_key_sql(), strength)
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_item(regclass, dpg.item_ref, text, smallint) is
  'The item of this key in its leaf, under a row lock (strength: key share, no key update or update). All columns
are null where there is no such item, or no leaf. With the slot of the leaf, where the caller knows it, by a kept
plan.';

create or replace function dpg_private.write_item(
  leaf regclass,
  slot smallint,
  item dpg.item_ref,
  changed dpg.items,
  owner text
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  if slot is not null and dpg_private.is_grown(leaf) then
    return dpg_private.update_item_in_slot(slot, item, changed, owner);
  end if;
  execute format(
    'update %s i
     set item_instance_url = $5, item_schema_url = $6, item_state = $7, item_latitude = $8, item_longitude = $9,
       updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond''),
       item_status = coalesce($11, i.item_status)
     where %s and i.created_by = $10
     returning i.*',
    leaf, dpg_private.item_key_sql()
  )
  into stored
  using item.item_network, item.item_domain, item.item_type, item.item_id, changed.item_instance_url,
    changed.item_schema_url, changed.item_state, changed.item_latitude, changed.item_longitude, owner,
    changed.item_status;
  return stored;
end
$body$;

comment on function dpg_private.write_item(regclass, smallint, dpg.item_ref, dpg.items, text) is
  'Replaces the content of an item of this owner by that of changed, and its status unless that is null there. Returns
the row; all columns are null where no row was changed. updated_at rises with each change, also when the clock was set
back.';
