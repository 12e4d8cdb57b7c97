create or replace function dpg_private.items_slot_sql(slot smallint, leaf text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Bodies in strings, so that the functions do not keep anybody from dropping the leaf. item_rows has no settings and
  -- is inlined into the statement that reads it.
  if slot > 32 then
    -- PostgreSQL leaves out leaves of other domains when the statement begins. That it does for a list of elements, not
    -- for an array.
    return format(
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
    );
  end if;
  return format(
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

      create or replace function dpg_private.item_of_slot(slot dpg_private.slot_%1$s, item dpg.item_ref)
      returns dpg.items
      language plpgsql
      stable
      security invoker
      set search_path = pg_catalog, pg_temp
      set plan_cache_mode = force_generic_plan
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.items;
      begin
        select *
        into stored
        from dpg.%2$I i
        where i.item_network = item.item_network
          and i.item_domain = item.item_domain
          and i.item_type = item.item_type
          and i.item_id = item.item_id;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.item_of_slot(dpg_private.slot_%1$s, dpg.item_ref) is
        'The item of this key in dpg.%2$I; all columns are null where there is none.';

      create or replace function dpg_private.lock_item_of_slot(
        slot dpg_private.slot_%1$s,
        item dpg.item_ref,
        strength text
      )
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      set enable_seqscan = off
      as $of_slot$
      declare
        stored dpg.items;
      begin
        if strength = 'key share' then
          select *
          into stored
          from dpg.%2$I i
          where i.item_network = item.item_network
            and i.item_domain = item.item_domain
            and i.item_type = item.item_type
            and i.item_id = item.item_id
          for key share;
        else
          select *
          into stored
          from dpg.%2$I i
          where i.item_network = item.item_network
            and i.item_domain = item.item_domain
            and i.item_type = item.item_type
            and i.item_id = item.item_id
          for no key update;
        end if;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.lock_item_of_slot(dpg_private.slot_%1$s, dpg.item_ref, text) is
        'The item of this key in dpg.%2$I under a row lock (strength: key share or no key update).';

      create or replace function dpg_private.update_item_of_slot(
        slot dpg_private.slot_%1$s,
        item dpg.item_ref,
        changed dpg.items,
        owner text
      )
      returns dpg.items
      language plpgsql
      volatile
      security invoker
      set search_path = pg_catalog, pg_temp
      as $of_slot$
      declare
        stored dpg.items;
      begin
        update dpg.%2$I i
        set item_instance_url = changed.item_instance_url,
          item_schema_url = changed.item_schema_url,
          item_state = changed.item_state,
          item_latitude = changed.item_latitude,
          item_longitude = changed.item_longitude,
          updated_at = greatest(clock_timestamp(), i.updated_at + interval '1 microsecond')
        where i.item_network = item.item_network
          and i.item_domain = item.item_domain
          and i.item_type = item.item_type
          and i.item_id = item.item_id
          and i.created_by = owner
        returning i.* into stored;
        return stored;
      end
      $of_slot$;

      comment on function dpg_private.update_item_of_slot(dpg_private.slot_%1$s, dpg.item_ref, dpg.items, text) is
        'Does in dpg.%2$I what dpg_private.write_item says.';
    $statements$,
    slot, leaf
  );
end
$body$;

comment on function dpg_private.items_slot_sql(smallint, text) is
  'The functions of a leaf of items, or of a network (slot 33 and higher), that has a slot: what has to name the table,
in statements whose plans are kept.
What returns the row of the table reads it here, too: a kept statement over item_rows would not notice that an
application has added a column.';

-- Where leaves and networks have these functions already, they get them anew.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.give_slot(text, text, text)') is not null then
    perform dpg_private.give_slot(p.root, p.network, p.key)
    from dpg_private.partition_names p
    where p.root = 'items'
      and p.slot is not null;
  end if;
end
$body$;
