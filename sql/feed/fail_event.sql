create or replace function dpg.fail_event(
  subscription text,
  "position" bigint,
  error text,
  max_attempts integer default 10,
  retry_seconds double precision default 0,
  lease_id uuid default null
)
returns dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  failed dpg.failed_events;
  event record;
  is_known boolean;
begin
  -- check
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument(
      'max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.'
    );
  end if;

  -- lock
  reader := dpg_private.lock_subscription(subscription);
  perform dpg_private.check_subscription_kind(reader, 'events', 'dpg.fail_event');
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = fail_event.subscription
    and f."position" = fail_event."position"
  for update;
  is_known := found;

  -- check what the lock has found
  select s.partition_network, s.action_type, f.event_id into event
  from dpg_private.feed_positions f
  join dpg_private.feed_streams s on s.stream = f.stream
  where f."position" = fail_event."position"
    and f."position" <= reader.handed_out_position;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out',
      'Pass the position of an event that read_events returned.'
    );
  end if;

  -- change
  if fail_event.lease_id is null
    or fail_event.lease_id is not distinct from coalesce(failed.lease_id, reader.lease_id)
  then
    insert into dpg.failed_events as f (
      subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
    )
    values (
      reader.subscription, fail_event."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1,
      fail_event.error, event.partition_network, event.action_type, event.event_id
    )
    on conflict on constraint failed_events_pkey do update
    set attempts = f.attempts + 1,
      state = case when f.attempts + 1 >= max_attempts then 'dead' else f.state end,
      last_error = excluded.last_error,
      last_failed_at = excluded.last_failed_at,
      leased_until = case
        when f.state = 'retrying' and f.attempts + 1 < max_attempts
          then clock_timestamp() + make_interval(secs => retry_seconds)
      end,
      lease_id = null
    returning f.* into failed;
    if not found then
      perform dpg_private.refuse_suppressed(
        case when is_known then 'update' else 'insert' end, 'dpg.failed_events',
        jsonb_build_object('subscription', subscription, 'position', "position")
      );
    end if;
  elsif not is_known then
    -- Another reader has the event now, and no failure of it is stored. The row below is returned and not stored.
    failed.subscription := reader.subscription;
    failed."position" := fail_event."position";
    failed.state := 'failing';
    failed.attempts := 0;
    failed.first_failed_at := clock_timestamp();
    failed.last_failed_at := failed.first_failed_at;
    failed.partition_network := event.partition_network;
    failed.action_type := event.action_type;
    failed.event_id := event.event_id;
  end if;
  update dpg.subscriptions s
  set last_error = coalesce(fail_event.error, s.last_error),
    last_error_at = clock_timestamp()
  where s.subscription = fail_event.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision, uuid) is
  'Notes that a reader could not deal with an event. Returns the failed event with its state and attempts: how often
that happened. After max_attempts failures the state is dead: acknowledge beyond the event and go on without it.
Before that, do not acknowledge it, and release the batch. An event that came from read_retries comes again after
retry_seconds (0 to 86,400). Do not put a secret into error.
Pass the lease_id of the event. If that lease has ended and another reader has the event now, the failure is not
counted, the lease of the other reader stays, and the result says how often others have failed (attempts 0: nobody).
Without lease_id the failure is counted in any case.
Raises DP001, DP018.
Example: select (dpg.fail_event(
  s.subscription, s.handed_out_position, ''answer 500'', max_attempts => 1, lease_id => s.lease_id
)).state
from dpg.subscriptions s
where s.subscription = ''to student''';
