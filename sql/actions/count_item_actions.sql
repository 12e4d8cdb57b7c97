do $body$
begin
  if pg_catalog.to_regtype('dpg.item_action_count') is null then
    create type dpg.item_action_count as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      ownership_role text,
      partition_network text,
      action_type text,
      action_status text,
      action_count bigint,
      latest_at timestamptz
    );
  end if;
end
$body$;

comment on type dpg.item_action_count is
  'A row of dpg.count_item_actions: the key of an item, its part (initiated: the source, received: the target), network,
type and status of actions, how many there are, and when one of them last changed.';

create or replace function dpg_private.counts_of_items(
  network text,
  items dpg.item_ref[],
  leaf regclass,
  action_type text
)
returns dpg.item_action_count[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
declare
  counts dpg.item_action_count[];
begin
  -- the id may be that of an item of another domain or type as well
  execute format(
    'select array_agg(row(r.*, c.ownership_role, $2, $3, c.action_status, c.action_count, c.latest_at)
       ::dpg.item_action_count)
     from unnest($1) r
     cross join lateral (
       select ''initiated'' as ownership_role, a.action_status, count(*) as action_count,
         max(a.updated_at) as latest_at
       from %1$s a
       where a.source_local_item_id = r.item_id
         and a.source_item_domain = r.item_domain
         and a.source_item_type = r.item_type
       group by a.action_status
       union all
       select ''received'', a.action_status, count(*), max(a.updated_at)
       from %1$s a
       where a.target_item_id = r.item_id
         and a.target_item_domain = r.item_domain
         and a.target_item_type = r.item_type
       group by a.action_status
     ) c',
    leaf
  )
  into counts
  using items, network, action_type;
  return counts;
end
$body$;

comment on function dpg_private.counts_of_items(text, dpg.item_ref[], regclass, text) is
  'The counts of dpg.count_item_actions in a leaf, of items of its network.';

create or replace function dpg.count_item_actions(items dpg.item_ref[])
returns setof dpg.item_action_count
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $body$
declare
  of_leaf record;
  counts dpg.item_action_count[] := '{}';
  of_this dpg.item_action_count[];
begin
  perform dpg_private.check_present('items', items is not null);
  if cardinality(items) > 1000 then
    perform dpg_private.refuse_argument('items', null, 'has too many elements', 'Ask for 1,000 items at most.');
  end if;
  perform dpg_private.check_item_ref(format('items[%s]', i.number - 1), i.item)
  from unnest(items) with ordinality r(item_network, item_domain, item_type, item_id, number)
  cross join lateral (
    select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item, r.number
  ) i
  order by i.number;
  perform dpg_private.check_here(i.item_network) from (select distinct u.item_network from unnest(items) u) i;

  for of_leaf in
    select n.item_network, n.items, p.key as action_type, l.leaf, count(*) over () as leaves
    from (
      select r.item_network,
        array_agg(row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref) as items
      from (select distinct * from unnest(items)) r
      group by r.item_network
    ) n
    join dpg_private.partition_names p
      on p.root = 'item_actions'
      and p.network = n.item_network
      and p.key is not null
    cross join lateral dpg_private.look_up_leaf_and_slot(p.root, p.network, p.key) l
  loop
    if of_leaf.leaves <= 16 then
      counts := counts || dpg_private.counts_of_items(
        of_leaf.item_network, of_leaf.items, of_leaf.leaf, of_leaf.action_type
      );
    else
      begin
        of_this := dpg_private.counts_of_items(
          of_leaf.item_network, of_leaf.items, of_leaf.leaf, of_leaf.action_type
        );
        raise exception using errcode = 'DP000';
      exception
        when sqlstate 'DP000' then
          counts := counts || of_this; -- the locks are gone: see dpg_private.items_of_leaves
      end;
    end if;
  end loop;
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, c.ownership_role, c.partition_network, c.action_type,
      c.action_status, sum(c.action_count)::bigint, max(c.latest_at)
    from (
      select r.item_network, r.item_domain, r.item_type, r.item_id, min(r.number) as number
      from unnest(items) with ordinality r(item_network, item_domain, item_type, item_id, number)
      group by r.item_network, r.item_domain, r.item_type, r.item_id
    ) i
    join (
      select * from unnest(counts)
      union all
      select r.item_network, r.item_domain, r.item_type, r.item_id, 'initiated', m.partition_network, m.action_type,
        m.action_status, m.action_count, m.latest_at
      from (select distinct * from unnest(items)) r
      cross join lateral (
        select a.partition_network, a.action_type, a.action_status, count(*) as action_count,
          max(a.updated_at) as latest_at
        from dpg_private.mirrored_actions a
        where a.source_item_id = r.item_id
          and a.source_item_network = r.item_network
          and a.source_item_domain = r.item_domain
          and a.source_item_type = r.item_type
          and a.partition_network = r.item_network
        group by a.partition_network, a.action_type, a.action_status
      ) m
    ) c using (item_network, item_domain, item_type, item_id)
    group by i.number, i.item_network, i.item_domain, i.item_type, i.item_id, c.ownership_role, c.partition_network,
      c.action_type, c.action_status
    order by i.number, c.ownership_role, c.partition_network collate "C", c.action_type collate "C",
      c.action_status collate "C";
end
$body$;

comment on function dpg.count_item_actions(dpg.item_ref[]) is
  'How many actions items have (up to 1,000 items), for each part (initiated: the item is the source, received: the
target), type and status, and when one of them last changed (latest_at). Counted are actions of the item''s own network,
also those that live on other instances. It has no actor: the application decides who may ask. Ordered as the items are
asked for, then by part and by the bytes of type and status; what has no action has no row, an item that is asked for
twice is counted once.
Raises DP001.
Example: select * from dpg.count_item_actions(array[
  row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222'')
]::dpg.item_ref[])';
