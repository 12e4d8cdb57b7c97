create or replace function dpg_private.find_type_of_item(
  leaf regclass,
  item_network text,
  item_domain text,
  item_id uuid
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  types text[];
begin
  -- A leaf has few types. One search of the primary key finds the next one, and another the id within it.
  execute format(
    'with recursive t(item_type) as (
       select (
         select i.item_type from %1$s i
         where i.item_network = $1 and i.item_domain = $2
         order by i.item_type limit 1
       )
       union all
       select (
         select i.item_type from %1$s i
         where i.item_network = $1 and i.item_domain = $2 and i.item_type > t.item_type
         order by i.item_type limit 1
       )
       from t
       where t.item_type is not null
     )
     select array_agg(t.item_type)
     from t
     where exists (
       select from %1$s i
       where i.item_network = $1 and i.item_domain = $2 and i.item_type = t.item_type and i.item_id = $3
     )',
    leaf
  )
  into types
  using item_network, item_domain, item_id;
  if cardinality(types) > 1 then
    raise exception using
      errcode = 'DP002',
      message = dpg_private.text_for_client(
        format('there are several items %s in %L/%L', item_id, item_network, item_domain)
      ),
      hint = dpg_private.text_for_client(
        format('Pass item_type as well. They are of the types %s.', array_to_string(types, ', '))
      ),
      detail = dpg_private.text_for_client(jsonb_build_object(
        'item_network', item_network, 'item_domain', item_domain, 'item_id', item_id, 'item_types', types
      )::text);
  end if;
  return types[1];
end
$body$;

comment on function dpg_private.find_type_of_item(regclass, text, text, uuid) is
  'The type of the item of this id in a leaf; null where there is none. Raises DP002 where several types have it.';

create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  stored dpg.items;
begin
  checked := num_nonnulls(
    dpg_private.check_item_ref(null, row(item_network, item_domain, coalesce(item_type, 'any'), item_id))
  );
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if item_type is null and leaf is not null then
    item_type := dpg_private.find_type_of_item(leaf, item_network, item_domain, item_id);
  end if;
  if leaf is not null then
    stored := case
      when slot is not null then
        dpg_private.item_in_slot(slot, row(item_network, item_domain, item_type, item_id))
      else dpg_private.read_item(leaf, slot, row(item_network, item_domain, item_type, item_id))
    end;
  end if;
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(row(item_network, item_domain, item_type, item_id));
  end if;
  return stored;
end
$body$;

comment on function dpg.get_item(text, text, text, uuid) is
  'One item by its key. item_type null: by its id within the domain; DP002 names the types where several have it.
Raises DP001, DP002.
Example: select * from dpg.get_item(
  ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''
)';
