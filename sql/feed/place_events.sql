create or replace function dpg_private.find_queue_writers(queue regclass)
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- A transaction that inserts takes this lock before it draws a seq, and holds it until it ends. When it is prepared,
  -- it holds the lock under another name than before ('-1/' and its transaction id), and has no pid.
  return array(
    select l.virtualtransaction
    from pg_locks l
    where l.locktype = 'relation'
      and l.relation = queue
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode = 'RowExclusiveLock'
      and l.pid is distinct from pg_backend_pid()
  );
end
$body$;

comment on function dpg_private.find_queue_writers(regclass) is
  'The open transactions, except this one, that may have put rows into this table.';

create or replace function dpg_private.place_events()
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Deleted rows stay in the queue until it is vacuumed, and reading them is slow. So the queue is never read whole. The
-- planner would read some of them as well, to estimate how many rows are beyond a known value. A generic plan knows no
-- value.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  former_lock constant bigint := 7237117967450113; -- the advisory lock of 0.1.0: see dpg_private.is_former_turn
  state dpg_private.feed_state;
  writers text[];
  is_swept boolean := false;
  seqs bigint[];
  taken bigint;
  placed bigint;
begin
  -- check
  perform dpg_private.check_transaction('dpg_private.place_events');
  select s.* into state from dpg_private.feed_state s where s.is_only;
  perform q.seq from dpg_private.event_queue q where q.seq > state.swept_seq order by q.seq limit 1;
  if not found then
    return false;
  end if;

  -- lock. dpg.subscription_status looks for this lock.
  begin
    lock table dpg_private.feed_turn in share update exclusive mode nowait;
  exception
    when lock_not_available then
      return false;
  end;
  if not pg_try_advisory_xact_lock(former_lock)
    and dpg_private.is_former_turn(former_lock, 'dpg_private.feed_state')
  then
    return false;
  end if;
  -- A reader may remember a position that it got. If the position did not survive a crash, another event could get it.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform dpg_private.skip_positions_after_restore();
  select s.* into state from dpg_private.feed_state s where s.is_only;

  -- sweep: up to which seq can nothing come any more? The order must not change: note the last seq that was drawn, and
  -- then who is writing. When those writers have ended, a search that begins afterwards finds all there will ever be.
  if state.sweeping_seq is null then
    select q.last_value into state.sweeping_seq from dpg_private.event_queue_seq_seq q;
    if state.sweeping_seq - state.swept_seq < 500 then
      state.sweeping_seq := null;
    else
      state.sweeping_behind := dpg_private.find_queue_writers('dpg_private.event_queue');
      is_swept := state.sweeping_behind = '{}';
      if not is_swept then
        update dpg_private.feed_state s
        set sweeping_seq = state.sweeping_seq, sweeping_behind = state.sweeping_behind
        where s.is_only;
      end if;
    end if;
  else
    writers := dpg_private.find_queue_writers('dpg_private.event_queue');
    is_swept := not writers && state.sweeping_behind and array_to_string(writers, ' ') not like '%-1/%';
  end if;

  -- place. The search is a statement of its own, so that its snapshot is younger than the lock: it sees what the last
  -- holder has done. If it sees update 2 of an action, it sees update 1 as well, because the row lock of the action let
  -- them commit in that order.
  seqs := array(
    select q.seq
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
    order by q.seq
    limit 1000
  );
  insert into dpg_private.feed_streams (partition_network, action_type, source_item_instance_url)
  select distinct q.partition_network, q.action_type, q.source_item_instance_url
  from dpg_private.event_queue q
  where q.seq = any (seqs)
    and not exists (
      select
      from dpg_private.feed_streams s
      where s.partition_network = q.partition_network
        and s.action_type = q.action_type
        and s.source_item_instance_url = q.source_item_instance_url
    );
  with taken as (
    delete from dpg_private.event_queue q
    where q.seq = any (seqs)
    returning q.seq, q.partition_network, q.action_type, q.event_id, q.source_item_instance_url, q.created_at
  ),
  placed as (
    insert into dpg_private.feed_positions (event_id, stream, created_at)
    select t.event_id, s.stream, t.created_at
    from taken t
    join dpg_private.feed_streams s using (partition_network, action_type, source_item_instance_url)
    order by t.seq
    returning 1
  )
  select (select count(*) from taken), (select count(*) from placed) into taken, placed;
  if taken < cardinality(seqs) then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.event_queue');
  end if;
  if placed < taken then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.feed_positions');
  end if;

  -- nothing is left up to that seq: nobody needs to look there again
  if is_swept and not exists (
    select
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
      and q.seq <= state.sweeping_seq
  ) then
    update dpg_private.feed_state s
    set swept_seq = state.sweeping_seq, sweeping_seq = null, sweeping_behind = null
    where s.is_only;
  end if;
  return true;
end
$body$;

comment on function dpg_private.place_events() is
  'Gives positions in the feed to the next visible events that have none, 1,000 at most. Returns whether there were any.
One transaction at a time can do this, until it ends; for others there is nothing to place meanwhile.
Raises 25006, 25000 (dpg_private.check_transaction), DP018.';
