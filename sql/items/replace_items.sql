create or replace function dpg_private.replace_items(actor text, rows dpg.items[], inserted uuid[])
returns dpg.items[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target record;
  different bigint[];
  stored dpg.items[];
  result dpg.items[] := array[]::dpg.items[];
  stranger record;
begin
  -- leaf by leaf: a join through the root would have to plan for all of them
  for target in
    select dpg_private.leaf('items', r.item_network, r.item_domain) as leaf, array_agg(r) as rows
    from unnest(rows) r
    left join unnest(inserted) n(item_id) using (item_id)
    where n.item_id is null
    group by r.item_network, r.item_domain
    order by r.item_network collate "C", r.item_domain collate "C"
  loop
    -- Locked in the order of the keys; what is the same already is neither locked nor written. The update is a statement of
    -- its own, which sees the rows as they were locked: one that went back to the version that an older snapshot shows
    -- would wait for those who queue there for us, when an action keeps the item and somebody has just changed it.
    execute format(
      'select array_agg(d.position)
       from (
         select r.position
         from %1$s i
         join unnest($1) with ordinality r(
           item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
           item_latitude, item_longitude, created_by, created_at, updated_at, position
         ) using (item_network, item_domain, item_type, item_id)
         where i.created_by = $2
           and (i.item_instance_url, i.item_schema_url, i.item_state, i.item_latitude, i.item_longitude)
             is distinct from (r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude)
         order by i.item_type collate "C", i.item_id
         for no key update of i
       ) d', target.leaf
    )
    into different
    using target.rows, actor;

    execute format(
      'update %1$s i
       set item_instance_url = r.item_instance_url, item_schema_url = r.item_schema_url, item_state = r.item_state,
         item_latitude = r.item_latitude, item_longitude = r.item_longitude,
         updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
       from unnest($1) with ordinality r(
         item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
         item_latitude, item_longitude, created_by, created_at, updated_at, position
       )
       join unnest($2) d(position) using (position)
       where i.item_network = r.item_network and i.item_domain = r.item_domain
         and i.item_type = r.item_type and i.item_id = r.item_id',
      target.leaf
    )
    using target.rows, different;

    execute format(
      'select array_agg(i) from %s i join unnest($1) r using (item_network, item_domain, item_type, item_id)', target.leaf
    )
    into stored
    using target.rows;
    result := result || stored;
  end loop;

  if cardinality(result) + coalesce(cardinality(inserted), 0) < cardinality(rows) then
    raise exception 'an item was deleted while it was being replaced'
      using errcode = 'serialization_failure', hint = 'Repeat the call.';
  end if;

  -- what was stored takes the place of what was proposed
  select array_agg(
    case when s.item_id is null
      then row(
        r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
        r.item_latitude, r.item_longitude, r.created_by, r.created_at, r.updated_at
      )::dpg.items
      else s
    end
    order by r.position
  )
  into result
  from unnest(rows) with ordinality r(
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at, position
  )
  left join unnest(result) s using (item_network, item_domain, item_type, item_id);

  select (r.position - 1)::integer as index, row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item
  into stranger
  from unnest(result) with ordinality r(
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at, position
  )
  where r.created_by <> actor
  order by r.position
  limit 1;
  if found then
    perform dpg_private.refuse_not_item_owner(actor, stranger.item, stranger.index);
  end if;
  return result;
end
$body$;

comment on function dpg_private.replace_items(text, dpg.items[], uuid[]) is
  'The second half of upsert_items: replaces the content of the items that were there already, those of the rows whose ids were not inserted, and returns all rows as they now are, in the order given. Raises DP003 with the index.';
