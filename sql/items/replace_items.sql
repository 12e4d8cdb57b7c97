create or replace function dpg_private.replace_items(
  actor text,
  items dpg_private.sent_item[],
  inserted uuid[],
  has_additions boolean
)
returns setof dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target record;
  different integer[]; -- indexes of the items that are not stored like this yet
  former_statuses text[]; -- of these, in the same order
  changed_rows bigint;
  found_items dpg.items[];
  stored dpg.items[] := array[]::dpg.items[];
  written integer[] := array[]::integer[];
  written_over text[] := array[]::text[]; -- the former statuses of those that were written
  odd_one record;
begin
  -- leaf by leaf: a join through the root would be planned for all leaves
  for target in
    select
      dpg_private.find_leaf('items', i.item_network, i.item_domain) as leaf,
      array_agg(i) as items,
      array_agg(i) filter (where n.item_id is null) as items_before
    from unnest(items) i
    left join unnest(inserted) n(item_id) using (item_id)
    group by i.item_network, i.item_domain
    order by i.item_network collate "C", i.item_domain collate "C"
  loop
    if target.items_before is not null then
      -- lock, in the order of the keys. An item that has this content already is neither locked nor written. The
      -- update is a statement of its own, so that it sees the rows as they were locked. In one statement it would
      -- go back to the version of an older snapshot, and wait there for sessions that wait for us.
      execute format(
        'select array_agg(d.index), array_agg(d.item_status)
         from (
           select r.index, i.item_status
           from %1$s i
           join unnest($1) r using (item_network, item_domain, item_type, item_id)
           where i.created_by = $2
             and (
               i.item_instance_url, i.item_schema_url, i.item_state, i.item_latitude, i.item_longitude, i.item_status
             ) is distinct from (
               r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude,
               coalesce(r.item_status, i.item_status)
             )
             %2$s
           order by i.item_type collate "C", i.item_id
           for no key update of i
         ) d',
        target.leaf,
        case when has_additions then
          'and not (
             coalesce(r.item_status, i.item_status) = i.item_status
             and dpg_private.is_repeated_item(
               i, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
             )
           )'
        end
      )
      into different, former_statuses
      using target.items_before, actor;
      -- change
      execute format(
        'update %1$s i
         set item_instance_url = r.item_instance_url, item_schema_url = r.item_schema_url, item_state = r.item_state,
           item_latitude = r.item_latitude, item_longitude = r.item_longitude,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond''),
           item_status = coalesce(r.item_status, i.item_status)
         from unnest($1) r
         join unnest($2) d(index) using (index)
         where i.item_network = r.item_network and i.item_domain = r.item_domain
           and i.item_type = r.item_type and i.item_id = r.item_id',
        target.leaf
      )
      using target.items_before, different;
      get diagnostics changed_rows = row_count;
      if changed_rows < cardinality(different) then
        perform dpg_private.refuse_suppressed('update', target.leaf);
      end if;
      written := written || different;
      written_over := written_over || former_statuses;
    end if;
    execute format(
      'select array_agg(i::dpg.items)
       from %s i
       join unnest($1) r using (item_network, item_domain, item_type, item_id)',
      target.leaf
    )
    into found_items
    using target.items;
    if cardinality(target.items) > coalesce(cardinality(found_items), 0) then
      if has_additions then
        perform dpg_private.refuse_suppressed('insert', target.leaf);
      end if;
      raise exception 'an item was deleted while it was being replaced'
        using errcode = 'serialization_failure', hint = 'Repeat the call.';
    end if;
    stored := stored || found_items;
  end loop;

  -- check owners; dynamic: planned for the number of rows that there are
  execute
    'select r.index, row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item
     from unnest($1) r
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     left join unnest($3) n(item_id) on n.item_id = r.item_id
     where n.item_id is null
       and s.created_by <> $4
       and not ($5 and dpg_private.is_repeated_item(
         s, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
       ))
     order by r.index
     limit 1'
  into odd_one
  using items, stored, inserted, actor, has_additions;
  if odd_one.index is not null then
    perform dpg_private.refuse_not_item_owner(actor, odd_one.item, odd_one.index);
  end if;

  -- then statuses: the owners of all leaves come before them
  perform dpg_private.check_item_status(
    row(r.item_network, r.item_domain, r.item_type, r.item_id), w.former_status, r.item_status, f, r.index
  )
  from unnest(items) r
  join unnest(written, written_over) w(index, former_status) using (index)
  join dpg.item_definitions f on f.item_network = r.item_network and f.item_domain = r.item_domain
  where r.item_status is not null
  order by r.index;

  if has_additions then
    execute
      'select dpg_private.note_sent(
         ''items'', r.item_network, r.item_domain, r.item_type, r.item_id,
         dpg_private.digest_of_item(
           r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
         ),
         dpg_private.digest_of_item(
           s.item_instance_url, s.item_schema_url, s.item_state, s.item_latitude, s.item_longitude, s.created_by
         )
       )
       from unnest($1) r
       join unnest($2) s using (item_network, item_domain, item_type, item_id)
       where r.index = any ($3) or r.item_id = any ($4)'
    using items, stored, written, inserted;
  end if;
  return query execute
    'select s.*
     from unnest($1) r
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     order by r.index'
  using items, stored;
end
$body$;

comment on function dpg_private.replace_items(text, dpg_private.sent_item[], uuid[], boolean) is
  'The second half of upsert_items: replaces the content of those items that were there before, whose ids were not
inserted. Returns all items as they now are, in the order of their indexes. has_additions: an inserted item may be
stored in another form, see dpg_private.additions_to_items. Raises DP003 and DP006 with the index, and DP018.';
