create or replace function dpg_private.items_slot_sql(slot smallint, leaf text)
returns text
language sql
immutable
security invoker
-- Bodies in strings, so that the functions do not keep anybody from dropping the leaf. item_rows has no settings and
-- is inlined into the statement that reads it.
return case
  when slot <= 32 then format(
    $statements$
      create or replace function dpg_private.item_rows(slot dpg_private.slot_%1$s, domains text[])
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%2$I
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%1$s, text[]) is
        'The rows of dpg.%2$I, whatever the domains.';
    $statements$,
    slot, leaf
  )
  else format(
    -- PostgreSQL leaves out leaves of other domains when the statement begins. That it does for a list of elements, not
    -- for an array.
    $statements$
      create or replace function dpg_private.item_rows(slot dpg_private.slot_%1$s, domains text[])
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select * from dpg.%3$I
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%1$s, text[]) is
        'The rows of dpg.%3$I, whatever the domains.';

      create or replace function dpg_private.item_rows(slot dpg_private.slot_%2$s, domains text[])
      returns setof dpg.items
      language sql
      stable
      parallel safe
      security invoker
      as $of_slot$
        select *
        from dpg.%3$I i
        where i.item_domain in (%4$s)
      $of_slot$;

      comment on function dpg_private.item_rows(dpg_private.slot_%2$s, text[]) is
        'The rows of dpg.%3$I that are of these domains, 16 at most.';
    $statements$,
    slot, slot + 16, leaf,
    (select string_agg(format('domains[%s]', d.number), ', ' order by d.number) from generate_series(1, 16) d(number))
  )
end;

comment on function dpg_private.items_slot_sql(smallint, text) is
  'The function of a leaf of items, or those of a network (slot 33 and higher), that has a slot: its rows, for
statements whose plans are kept.';

create or replace function dpg_private.items_in_slots_sql(slots smallint[], leaves text[])
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_item constant text :=
    'i.item_network = item.item_network
     and i.item_domain = item.item_domain
     and i.item_type = item.item_type
     and i.item_id = item.item_id';
begin
  return format(
    $statements$
      create or replace function dpg_private.item_in_slot(slot smallint, item dpg.item_ref)
      returns dpg.items
      language plpgsql
      stable
      security invoker
      as $in_slots$
      declare
        stored dpg.items;
      begin
        %1$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.lock_item_in_slot(slot smallint, item dpg.item_ref, strength text)
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.items;
      begin
        if strength = 'key share' then
          %2$s
        else
          %3$s
        end if;
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.update_item_in_slot(
        slot smallint,
        item dpg.item_ref,
        changed dpg.items,
        owner text
      )
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      declare
        stored dpg.items;
      begin
        %4$s
        return stored;
      end
      $in_slots$;

      create or replace function dpg_private.has_item_additions_in_slot(slot smallint)
      returns boolean
      language plpgsql
      volatile
      security invoker
      as $in_slots$
      begin
        %5$s
        return null;
      end
      $in_slots$;

      comment on function dpg_private.item_in_slot(smallint, dpg.item_ref) is
        'The item of this key in the leaf of a slot; all columns are null where there is none.';
      comment on function dpg_private.lock_item_in_slot(smallint, dpg.item_ref, text) is
        'The item of this key in the leaf of a slot under a row lock (strength: key share or no key update).';
      comment on function dpg_private.update_item_in_slot(smallint, dpg.item_ref, dpg.items, text) is
        'Does in the leaf of a slot what dpg_private.write_item says.';
      comment on function dpg_private.has_item_additions_in_slot(smallint) is
        'Whether an application has added columns or triggers to the root, or triggers to the leaf of a slot.';
    $statements$,
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I i where ' || is_item || ';', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I i where ' || is_item || ' for key share;', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'select * into stored from dpg.%1$I i where ' || is_item || ' for no key update;', slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'update dpg.%1$I i
       set item_instance_url = changed.item_instance_url,
         item_schema_url = changed.item_schema_url,
         item_state = changed.item_state,
         item_latitude = changed.item_latitude,
         item_longitude = changed.item_longitude,
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond''),
         item_status = coalesce(changed.item_status, i.item_status)
       where ' || is_item || ' and i.created_by = owner
       returning i.* into stored;',
      slots, leaves
    ),
    dpg_private.slot_branches_sql(
      'return dpg_private.has_additions(''dpg.items'', 13) or dpg_private.has_leaf_additions(''dpg.%1$I'');',
      slots, leaves
    )
  );
end
$body$;

comment on function dpg_private.items_in_slots_sql(smallint[], text[]) is
  'The functions that read, lock and change one item in the leaf of a slot. See dpg_private.in_slots_sql.';
