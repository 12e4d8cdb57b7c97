--! Previous: sha1:692955b6b89f05b97266662b01174fbd67bf84c2
--! Hash: sha1:5ff37463a944dca1b23261801f1101461317225b
--! Message: Figures for a monitor, items once a batch

--! Included access/known_objects.sql
-- Notes which objects are there before the migration creates any, because others may have been granted something on
-- them. access/privileges.sql leaves those grants as they are. On objects that are created after this note, it
-- takes back what default privileges have given. The note lasts until the transaction ends, and only the first note
-- of a transaction counts: a migration whose one-off statements create objects includes this file above them, and
-- all.sql includes it again.
select pg_catalog.set_config(
  'dpg.known_objects',
  'known ' || coalesce(pg_catalog.string_agg(o.class || o.oid, ' '), ''),
  true
)
from (
  select 'n' as class, n.oid, n.oid as namespace from pg_catalog.pg_namespace n
  union all
  select 'p', p.oid, p.pronamespace from pg_catalog.pg_proc p
  union all
  select 't', t.oid, t.typnamespace from pg_catalog.pg_type t where t.typrelid = 0 or exists (
    select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'
  )
  union all
  select 'c', c.oid, c.relnamespace
  from pg_catalog.pg_class c
  where c.relkind in ('r', 'p', 'v', 'S')
    and not c.relispartition
) o
where o.namespace in (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('dpg', 'dpg_private')
)
having not pg_catalog.starts_with(coalesce(pg_catalog.current_setting('dpg.known_objects', true), ''), 'known ');
--! EndIncluded access/known_objects.sql
--! Included feed/read_item_changes.sql
-- Rows that were handed out and acknowledged stay in the indexes until the table is vacuumed. The planner knows nothing
-- of that, and would read the whole table while it is small. A generic plan goes by the indexes.
create or replace function dpg_private.has_item_changes(follower dpg_private.item_followers)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $body$
begin
  perform c.seq
  from dpg_private.changed_items c
  where c.follower = has_item_changes.follower.follower
    and c.seq > has_item_changes.follower.swept_seq
  order by c.seq
  limit 1;
  if found then
    return true;
  end if;
  perform c."position"
  from dpg_private.item_changes c
  where c.follower = has_item_changes.follower.follower
  order by c."position"
  limit 1;
  return found;
end
$body$;

comment on function dpg_private.has_item_changes(dpg_private.item_followers) is
  'Whether anything waits for a follower, or was handed out and is not acknowledged.';

create or replace function dpg_private.hand_out_changes(
  reader dpg.subscriptions,
  follower dpg_private.item_followers,
  max_changes integer
)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_memoize = off
set jit = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  here constant text := dpg_private.database_identity();
  drawn bigint;
  writers text[];
  is_swept boolean := false;
  handed_out bigint := reader.handed_out_position;
  positions bigint[];
  waiting tid[];
  given bigint[];
  taken integer;
begin
  -- a restored dump, or a promoted replica
  if follower.home is distinct from here then
    -- The former home has given out positions that are not here: after the dump was made, or before they reached this
    -- replica. A reader that remembers such a position must not find another item at it. What was handed out there
    -- gets a new position as well, since the item may be another one here.
    with gone as (
      delete from dpg_private.item_changes c
      where c.follower = hand_out_changes.follower.follower
      returning c.item_network, c.item_domain, c.item_type, c.item_id, c.changed_at
    )
    insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id, changed_at)
    select hand_out_changes.follower.follower, g.item_network, g.item_domain, g.item_type, g.item_id, g.changed_at
    from gone g;
    handed_out := handed_out + 1000000000;
    follower.home := here;
    follower.swept_seq := 0;
    follower.sweeping_seq := null;
    follower.sweeping_behind := null;
  end if;

  -- sweep: up to which seq can nothing come any more? As dpg_private.place_events does it: note the last seq that was
  -- drawn, and then who is writing. When those have ended, a search that begins afterwards finds all that will be.
  if follower.sweeping_seq is null then
    select q.last_value into drawn from dpg_private.changed_items_seq_seq q;
    if drawn - follower.swept_seq >= 500 then
      follower.sweeping_seq := drawn;
      follower.sweeping_behind := dpg_private.find_queue_writers('dpg_private.changed_items');
      is_swept := follower.sweeping_behind = '{}';
    end if;
  else
    writers := dpg_private.find_queue_writers('dpg_private.changed_items');
    is_swept := not writers && follower.sweeping_behind and array_to_string(writers, ' ') not like '%-1/%';
  end if;

  -- What was handed out and not acknowledged comes again, at its position. Not so where the item has changed
  -- meanwhile: it comes as that change.
  perform c."position"
  from dpg_private.item_changes c
  where c.follower = hand_out_changes.follower.follower
  limit 1;
  if found then
    delete from dpg_private.item_changes c
    where c.follower = hand_out_changes.follower.follower
      and exists (
        select
        from dpg_private.changed_items w
        where w.item_id = c.item_id
          and w.item_type = c.item_type
          and w.item_domain = c.item_domain
          and w.item_network = c.item_network
          and w.follower = c.follower
      );
  end if;
  positions := array(
    select c."position"
    from dpg_private.item_changes c
    where c.follower = hand_out_changes.follower.follower
    order by c."position"
    limit max_changes
  );

  -- What waits gets its positions. The lock on a row says that no writer counts on it, and its item is read later, with
  -- whatever was committed by now. Rows that are locked are of writers who have not committed: they come later.
  waiting := array(
    select c.ctid
    from dpg_private.changed_items c
    where c.follower = hand_out_changes.follower.follower
      and c.seq > hand_out_changes.follower.swept_seq
    order by c.seq
    limit max_changes - cardinality(positions)
    for update skip locked
  );
  -- Of an item that has changed since that first look, what waits takes the place: a batch has each item once.
  if waiting <> '{}' and positions <> '{}' then
    with superseded as (
      delete from dpg_private.item_changes c
      where c.follower = hand_out_changes.follower.follower
        and exists (
          select
          from dpg_private.changed_items w
          where w.item_id = c.item_id
            and w.item_type = c.item_type
            and w.item_domain = c.item_domain
            and w.item_network = c.item_network
            and w.follower = c.follower
        )
      returning c."position"
    )
    select array(
      select p.p
      from unnest(positions) p(p)
      where p.p not in (select s."position" from superseded s)
      order by p.p
    )
    into positions;
  end if;
  if waiting <> '{}' then
    with taken as (
      delete from dpg_private.changed_items c
      where c.ctid = any (waiting)
      returning c.seq, c.item_network, c.item_domain, c.item_type, c.item_id, c.changed_at
    ),
    placed as (
      -- an item that has two rows is handed out once
      insert into dpg_private.item_changes (
        follower, "position", item_network, item_domain, item_type, item_id, changed_at
      )
      select hand_out_changes.follower.follower, handed_out + row_number() over (order by min(t.seq)), t.item_network,
        t.item_domain, t.item_type, t.item_id, min(t.changed_at)
      from taken t
      group by t.item_network, t.item_domain, t.item_type, t.item_id
      returning "position"
    )
    select (select count(*) from taken), (select array_agg(p."position" order by p."position") from placed p)
    into taken, given;
    if taken < cardinality(waiting) then
      perform dpg_private.refuse_suppressed('delete', 'dpg_private.changed_items');
    end if;
    positions := positions || given;
  end if;

  -- nothing is left up to that seq: nobody needs to look there again
  if is_swept then
    perform c.seq
    from dpg_private.changed_items c
    where c.follower = hand_out_changes.follower.follower
      and c.seq > hand_out_changes.follower.swept_seq
      and c.seq <= hand_out_changes.follower.sweeping_seq
    limit 1;
    if not found then
      follower.swept_seq := follower.sweeping_seq;
      follower.sweeping_seq := null;
      follower.sweeping_behind := null;
    end if;
  end if;
  -- Only a batch stores the position that the skipping has led to. So a call that hands out nothing, since writers hold
  -- what waits, does not store the new home either: the next call skips again.
  update dpg_private.item_followers f
  set home = hand_out_changes.follower.home,
    swept_seq = hand_out_changes.follower.swept_seq,
    sweeping_seq = hand_out_changes.follower.sweeping_seq,
    sweeping_behind = hand_out_changes.follower.sweeping_behind
  where f.follower = hand_out_changes.follower.follower
    and (f.home, f.swept_seq, f.sweeping_seq) is distinct from (
      hand_out_changes.follower.home, hand_out_changes.follower.swept_seq, hand_out_changes.follower.sweeping_seq
    )
    and (f.home = hand_out_changes.follower.home or positions <> '{}');
  return positions;
end
$body$;

comment on function dpg_private.hand_out_changes(dpg.subscriptions, dpg_private.item_followers, integer) is
  'Gives positions to the next changes of a subscription. Returns those positions, in order, and before them the
positions of what was handed out and is not acknowledged. For a caller that has locked the subscription.';

create or replace function dpg_private.find_changes_at(follower integer, positions bigint[], lease_id uuid)
returns setof dpg.item_change
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Each item is found by its key, however large the leaf is: as in dpg_private.events_at_of_slot
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_memoize = off
set jit = off
as $body$
declare
  wanted record;
  found_changes dpg.item_change[];
begin
  for wanted in
    select l.*, count(*) over () as leaves
    from (
      select dpg_private.find_open_leaf('items', c.item_network, c.item_domain) as leaf, c.item_network, c.item_domain,
        array_agg(c."position") as positions, array_agg(c.item_type) as types, array_agg(c.item_id) as ids
      from dpg_private.item_changes c
      where c.follower = find_changes_at.follower
        and c."position" = any (find_changes_at.positions)
      group by c.item_network, c.item_domain
    ) l
  loop
    begin
      -- A leaf that is not found by its name may be closed, or renamed: PostgreSQL finds it from the root, by its
      -- bound. The columns are named, because an application may add others to the table.
      execute format(
        'select array_agg(row(w."position", $4, case when i.item_id is null then %L else %L end,
           %L, %L, w.item_type, w.item_id, %s)::dpg.item_change)
         from unnest($1, $2, $3) w("position", item_type, item_id)
         left join %s i
           on i.item_network = %3$L
           and i.item_domain = %4$L
           and i.item_type = w.item_type
           and i.item_id = w.item_id',
        'deleted', 'upserted', wanted.item_network, wanted.item_domain, dpg_private.item_content_columns_sql('i.'),
        coalesce(wanted.leaf, 'dpg.items')
      )
      into found_changes
      using wanted.positions, wanted.types, wanted.ids, lease_id;
      if wanted.leaves > 16 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and the variable has its value: see dpg_private.items_of_leaves
    end;
    return query select c.* from unnest(found_changes) c;
  end loop;
end
$body$;

comment on function dpg_private.find_changes_at(integer, bigint[], uuid) is
  'The changes at these positions of a follower, in no order, each with this lease, and the items as they are now.';

create or replace function dpg.read_item_changes(
  subscription text,
  max_changes integer default 1000,
  lease_seconds double precision default 60
)
returns setof dpg.item_change
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  follower dpg_private.item_followers;
  positions bigint[];
  lease uuid;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_item_changes');
  max_changes := coalesce(max_changes, 1000);
  lease_seconds := coalesce(lease_seconds, 60);
  perform dpg_private.check_batch(max_changes, lease_seconds, 'max_changes', 'changes');
  reader := dpg_private.get_subscription(subscription);
  perform dpg_private.check_subscription_kind(reader, 'items', 'dpg.read_item_changes');
  if reader.leased_until > clock_timestamp() then
    return;
  end if;

  -- Look first, without a lock, so that a reader who is at the end writes nothing.
  select f.* into follower from dpg_private.item_followers f where f.subscription = read_item_changes.subscription;
  if not dpg_private.has_item_changes(follower) then
    return;
  end if;

  -- lock
  select s.* into reader
  from dpg.subscriptions s
  where s.subscription = read_item_changes.subscription
  for update skip locked;
  if not found or reader.kind <> 'items' or reader.leased_until > clock_timestamp() then
    return; -- another reader was faster
  end if;
  select f.* into follower from dpg_private.item_followers f where f.subscription = read_item_changes.subscription;
  -- A reader may remember a position that it got. If the position did not survive a crash, another item could get it.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;

  -- change
  positions := dpg_private.hand_out_changes(reader, follower, max_changes);
  if positions = '{}' then
    return;
  end if;
  lease := gen_random_uuid();
  update dpg.subscriptions s
  set leased_position = positions[cardinality(positions)],
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    leased_at = clock_timestamp(),
    lease_id = lease,
    handed_out_position = greatest(s.handed_out_position, positions[cardinality(positions)])
  where s.subscription = read_item_changes.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query
    select c.* from dpg_private.find_changes_at(follower.follower, positions, lease) c order by c."position";
end
$body$;

comment on function dpg.read_item_changes(text, integer, double precision) is
  'Returns the items that have changed since a subscription last got them, max_changes (1 to 10,000) at most, and leases
them for lease_seconds (0.001 to 86,400): meanwhile no other call gets changes of this subscription. No rows: there is
nothing now, or another reader works on it.
Each row has the item as it is when it is read (change: upserted), or its key alone (deleted). However often an item has
changed, it is one row. A change after that is another row, which acknowledging this one does not take away. So whoever
stores what the rows say, in their order, has a copy of the items.
Changes that are not acknowledged in that time come again. A reader that slept past its lease may hold an older state of
an item than the next one: keep the position beside the copy, and leave out what is not higher.
All rows have one lease_id. Pass it to acknowledge and release_events, so that a late reader does not end the lease of
the next one. Call it in a transaction of its own and end that at once: until then nobody else can read this
subscription. No writer waits for it, and it waits for no writer: what is not committed comes later.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable.
Raises DP001, DP018.
Example: select c."position", c.change, c.item_id, c.item_state from dpg.read_item_changes(''index'', 100) c';
--! EndIncluded feed/read_item_changes.sql
--! Included metrics/metrics.sql
create or replace view dpg.metrics as
select m.metric, m.subject, m.value::double precision as value
from (
  select c.metric, s.subscription as subject, c.value
  from dpg.subscription_status s
  cross join lateral (
    values
      ('dpg_subscription_lag_events', s.lag_events::double precision),
      ('dpg_subscription_lag_seconds', s.lag_seconds),
      ('dpg_subscription_dead_events', s.dead_events::double precision),
      ('dpg_subscription_is_dead', s.is_dead::integer::double precision),
      (
        'dpg_subscription_held_back_seconds',
        -- who may not see that transaction gets no figure, and a standby has none
        case when s.held_back_by_pid is null and not pg_is_in_recovery() then 0 else s.held_back_seconds end
      )
  ) c(metric, value)

  union all
  -- Sessions of others are seen by pg_read_all_stats, which is in pg_monitor. Without it 0 would be a lie.
  select c.metric, '' as subject, coalesce(c.value, 0) as value
  from (
    select
      max(extract(epoch from clock_timestamp() - a.xact_start)) as open_seconds,
      max(extract(epoch from clock_timestamp() - a.state_change)) filter (
        where a.state like 'idle in transaction%'
      ) as idle_seconds
    from pg_stat_activity a
    where a.datname = current_database()
      and a.backend_type = 'client backend'
      and a.pid <> pg_backend_pid()
  ) a
  cross join lateral (
    values
      ('dpg_transaction_seconds', a.open_seconds),
      ('dpg_idle_transaction_seconds', a.idle_seconds)
  ) c(metric, value)
  where pg_has_role('pg_read_all_stats', 'usage')

  union all
  select 'dpg_lock_wait_seconds' as metric, '' as subject,
    coalesce(max(extract(epoch from clock_timestamp() - l.waitstart)), 0) as value
  from pg_locks l
  join pg_stat_activity a on a.pid = l.pid
  where not l.granted
    and a.datname = current_database()

  union all
  select 'dpg_locks_ratio' as metric, '' as subject,
    count(*)::numeric / (
      current_setting('max_locks_per_transaction')::integer
      * (current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer)
    ) as value
  from pg_locks

  union all
  select 'dpg_limit_ratio' as metric, n.limit_name || ' ' || n.subject as subject,
    n.used::numeric / nullif(l.limit_value, 0) as value
  from (
    select p.limit_name, concat_ws(' ', p.root, p.network) as subject, count(*) as used
    from (
      select p.root, p.network,
        case
          -- as dpg_private.find_mirrored_action_types counts, which a reader of this view may not call
          when p.root = 'action_events'
            and exists (
              select
              from dpg_private.mirrored_leaves m
              where m.network = p.network
                and m.key = p.key
            )
            and not exists (
              select
              from dpg_private.partition_names a
              where a.root = 'item_actions'
                and a.network = p.network
                and a.key = p.key
                and to_regclass('dpg.' || a.name) is not null
            )
            then 'mirrored_leaves_per_network'
          else 'leaves_per_network'
        end as limit_name
      -- as the limits count; dpg.partitions takes 0.2 ms a leaf to look for its root
      from dpg_private.partition_names p
      where p.key is not null
        and to_regclass('dpg.' || p.name) is not null
    ) p
    group by p.limit_name, p.root, p.network
    union all
    select 'networks' as limit_name, p.root as subject, count(*) as used
    from dpg_private.partition_names p
    where p.key is null
      and to_regclass('dpg.' || p.name) is not null
    group by p.root
  ) n
  join dpg.limits l on l.limit_name = n.limit_name

  union all
  -- Twenty at most, so that a thousand leaves do not make a thousand time series.
  (
    select 'dpg_table_dead_rows' as metric, c.oid::regclass::text as subject, pg_stat_get_dead_tuples(c.oid) as value
    from pg_class c
    where c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
      and c.relkind = 'r'
      and pg_stat_get_dead_tuples(c.oid) > pg_stat_get_live_tuples(c.oid)
    order by pg_stat_get_dead_tuples(c.oid) desc
    limit 20
  )

  union all
  select 'dpg_oldest_row_transactions' as metric, '' as subject, max(age(c.relfrozenxid)) as value
  from pg_class c
  where c.relkind in ('r', 't', 'm')
) m
where m.value is not null;

comment on view dpg.metrics is
  'What to watch, a row for each figure, for a monitor that reads one query: select metric, subject, value from
dpg.metrics. Names and units are those of Prometheus. Figures as of now, so ask under read committed, and once
a minute: counting the lag takes time in proportion to it. A figure that is not known here has no row: of the
sessions of others without pg_read_all_stats (pg_monitor has it), of what only the primary knows on a standby.
docs/operations.md says when to be alerted.
select metric, subject, value from dpg.metrics where metric = ''dpg_subscription_lag_seconds'';';
comment on column dpg.metrics.metric is
  'dpg_subscription_lag_events, dpg_subscription_lag_seconds, dpg_subscription_dead_events, dpg_subscription_is_dead
(1 or 0), dpg_subscription_held_back_seconds: as dpg.subscription_status has them. dpg_transaction_seconds: the oldest
open transaction of another session of this database. dpg_idle_transaction_seconds: the longest that one has been idle.
dpg_lock_wait_seconds: the longest wait for a lock. dpg_locks_ratio: locks that are held, as part of what there is.
dpg_limit_ratio: leaves and networks, as part of their limit. dpg_table_dead_rows: of the tables of dpg that have more
dead rows than others, the twenty with the most. dpg_oldest_row_transactions: the age of the oldest row.';
comment on column dpg.metrics.subject is
  'The subscription; the limit, the root table and the network; the table; empty where there is one figure alone.';
comment on column dpg.metrics.value is 'The figure, in the unit of the metric''s name; a ratio is 0 to 1.';
--! EndIncluded metrics/metrics.sql
--! Included access/comments.sql
-- Columns that repeat a column of a table mean the same, so they get its comment: the columns of the types that
-- functions return, and those of dpg_private.mirrored_actions, except three that have comments of their own.
do $body$
declare
  described record;
begin
  for described in
    select
      pg_catalog.format('%s.%I', t.oid::pg_catalog.regclass, a.attname) as name,
      coalesce(
        pg_catalog.col_description(r.oid, o.attnum),
        case
          when t.relname <> 'item_change' then null
          when a.attname = 'position' then 'Position within the subscription, passed to acknowledge. Rises, with gaps.'
          when a.attname = 'lease_id' then
            'The lease under which the change was handed out: pass it on to acknowledge and release_events.'
          when a.attname = 'change' then
            'upserted: the item is there, as the other columns say. deleted: it is not there, and the columns after '
              'its key are null.'
        end,
        case a.attname
          when 'position' then 'Position in the feed, passed to acknowledge.'
          when 'lease_id' then
            'The lease under which the event was handed out: pass it on to acknowledge, release_events, fail_event and '
              'settle_event.'
          when 'next_page_token' then 'Passed as page_token with the same filters it continues after this row.'
          when 'distance_meters' then 'Distance in metres along the great circle.'
          when 'ownership_roles' then
            'The actor''s part: initiated (owner of the source), received (owner of the target), or both.'
          when 'item_network' then 'Network of the item.'
          when 'item_domain' then 'Domain of the item.'
          when 'item_type' then 'Type of the item.'
          when 'item_id' then 'Id of the item.'
        end
      ) as description
    from pg_catalog.pg_class t
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_class r
      on r.oid = case t.relname
        when 'found_item' then 'dpg.items'
        when 'nearest_item' then 'dpg.items'
        when 'item_change' then 'dpg.items'
        when 'found_action' then 'dpg.item_actions'
        when 'mirrored_actions' then 'dpg.item_actions'
        when 'found_event' then 'dpg.action_events'
        when 'feed_event' then 'dpg.action_events'
      end::pg_catalog.regclass
    left join pg_catalog.pg_attribute o on o.attrelid = r.oid and o.attname = a.attname
    where (t.relnamespace = 'dpg'::pg_catalog.regnamespace and t.relkind = 'c')
      or (
        t.oid = 'dpg_private.mirrored_actions'::pg_catalog.regclass
        and o.attname not in ('requirements_snapshot', 'remarks', 'target_item_id')
      )
  loop
    execute pg_catalog.format('comment on column %s is %L', described.name, described.description);
  end loop;
end
$body$;
--! EndIncluded access/comments.sql
--! Included access/privileges.sql
-- Each migration grants everything anew, so that each role has what this file says and nothing else. PUBLIC gets
-- nothing.
do $body$
declare
  -- The functions that each role may call, by name. A function that no list names is nobody's.
  -- dpg_readonly, dpg_app and dpg_admin
  reading constant text[] := array[
    'get_item', 'get_items', 'find_items', 'count_items', 'nearest_items', 'map_items', 'count_facets',
    'search_items', 'find_own_items', 'get_action', 'find_actions', 'count_actions', 'count_item_actions', 'find_events'
  ];
  -- dpg_app and dpg_admin
  writing constant text[] := array[
    'ensure_item_partition', 'ensure_action_partition', 'ensure_action_event_partition',
    'upsert_item', 'upsert_items', 'update_item', 'set_item_status', 'delete_item', 'define_item',
    'define_search', 'refresh_search',
    'define_action', 'perform_action', 'receive_action', 'transition_action', 'transition_actions',
    'receive_transition',
    'store_event',
    'create_subscription', 'create_item_subscription', 'drop_subscription', 'read_events', 'read_item_changes',
    'acknowledge', 'release_events',
    'fail_event', 'retry_events', 'read_retries', 'settle_event'
  ];
  -- dpg_admin alone
  administering constant text[] := array[
    'register_network', 'unregister_network', 'define_network', 'forget_instance_url', 'confirm_lost_events',
    'redact_event', 'accept_differing_event', 'erase_user', 'move_items'
  ];
  -- Of dpg_private, all three roles: a view calls functions with the rights of its reader. No role can name them in a
  -- statement, because the schema is closed.
  used_by_views constant text[] := array['normalised_url', 'rewritten_url'];
  unknown text;
  object record;
  known text[] := pg_catalog.string_to_array(nullif(pg_catalog.current_setting('dpg.known_objects', true), ''), ' ');
begin
  -- New objects: "alter default privileges" gives grants of its own when an object is created. They are taken back
  -- here. Objects that were there before this migration (access/known_objects.sql) keep the grants that others gave
  -- on purpose.
  for object in
    select o.kind, o.name,
      pg_catalog.string_agg(
        distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, ', '
      ) as grantees
    from (
      select 'schema' as kind, pg_catalog.quote_ident(n.nspname) as name, 'n' || n.oid as id, n.nspacl as acl,
        n.nspowner as owner
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', p.oid::pg_catalog.regprocedure::text, 'p' || p.oid, p.proacl, p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select 'type', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), 't' || t.oid,
        t.typacl, t.typowner
      from pg_catalog.pg_type t
      where t.typnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::pg_catalog.regclass::text, 'c' || c.oid,
        c.relacl, c.relowner
      from pg_catalog.pg_class c
      where c.relnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
        and c.relkind in ('r', 'p', 'v', 'S')
        and not c.relispartition
    ) o
    cross join lateral pg_catalog.aclexplode(o.acl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> o.owner
      and o.id <> all (known)
    group by o.kind, o.name
  loop
    execute pg_catalog.format('revoke all on %s %s from %s', object.kind, object.name, object.grantees);
  end loop;

  -- Schemas.
  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  -- Functions. The lists count for every function of a name, whatever its arguments are.
  select pg_catalog.string_agg(l.name, ', ')
  into unknown
  from (
    select 'dpg' as schema, l.name
    from pg_catalog.unnest(reading || writing || administering) l(name)
    union all
    select 'dpg_private', l.name
    from pg_catalog.unnest(used_by_views) l(name)
  ) l
  where not exists (
    select
    from pg_catalog.pg_proc p
    where p.pronamespace = l.schema::pg_catalog.regnamespace
      and p.proname = l.name
  );
  if unknown is not null then
    raise exception 'no function has this name: %', unknown
      using
        errcode = 'undefined_function',
        hint = 'Take the name out of the lists in access/privileges.sql, or correct it.';
  end if;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      case
        when n.nspname = 'dpg_private' and p.proname = any (used_by_views) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (reading) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (writing) then 'dpg_app, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (administering) then 'dpg_admin'
      end as roles
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format(
      'revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature
    );
    if object.roles is not null then
      execute pg_catalog.format('grant execute on function %s to %s', object.signature, object.roles);
    end if;
  end loop;

  -- Types of the arguments and results of functions.
  for object in
    select pg_catalog.format('%I.%I', n.nspname, t.typname) as name
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_class c on c.oid = t.typrelid
    where n.nspname = 'dpg'
      and c.relkind = 'c'
  loop
    execute pg_catalog.format('revoke all on type %s from public', object.name);
    execute pg_catalog.format('grant usage on type %s to dpg_app, dpg_readonly, dpg_admin', object.name);
  end loop;
end
$body$;

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.network_rules, dpg.homes,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events,
  dpg.metrics
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.network_rules, dpg.homes,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.subscriptions, dpg.failed_events,
  dpg.subscription_status, dpg.peers, dpg.networks, dpg.differing_events, dpg.metrics
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
grant insert on dpg.homes to dpg_admin;
grant update on dpg.homes to dpg_admin;
grant delete on dpg.homes to dpg_admin;
--! EndIncluded access/privileges.sql
--! Included partitions/guard_partitions.sql
-- Gives row level security to partitions that were created before there was any, or whose root has other policies now.
-- Locks nothing where nothing is missing.
do $body$
declare
  part record;
begin
  for part in
    select r.oid::pg_catalog.regclass as root, t.relid as partition
    from (values ('dpg.item_actions'::pg_catalog.regclass), ('dpg.action_events')) r(oid)
    cross join lateral pg_catalog.pg_partition_tree(r.oid) t
    where t.level > 0
    order by t.relid
  loop
    perform dpg_private.copy_row_level_security(part.root, part.partition);
  end loop;
end
$body$;
--! EndIncluded partitions/guard_partitions.sql
