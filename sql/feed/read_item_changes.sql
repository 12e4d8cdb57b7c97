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
