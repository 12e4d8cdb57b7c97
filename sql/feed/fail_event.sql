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
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument('max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.');
  end if;

  -- lock
  reader := dpg_private.lock_subscription(subscription);
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = fail_event.subscription
    and f."position" = fail_event."position"
  for update;
  is_known := found;

  -- check
  select e.partition_network, e.action_type, e.event_id into event
  from dpg_private.event_feed e
  where e."position" = fail_event."position"
    and e."position" <= reader.handed_out_position;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out', 'Pass the position of an event that read_events returned.'
    );
  end if;

  -- change
  if fail_event.lease_id is null or fail_event.lease_id is not distinct from coalesce(failed.lease_id, reader.lease_id) then
    insert into dpg.failed_events as f (
      subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
    )
    values (
      reader.subscription, fail_event."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1, fail_event.error,
      event.partition_network, event.action_type, event.event_id
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
    -- somebody else works on the event now, and nobody has failed at it yet: this is told, and not stored
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
    perform dpg_private.refuse_suppressed('update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription));
  end if;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision, uuid) is
  'Notes that a reader could not deal with an event, and returns how often that happened. After max_attempts its state is dead: go on without it, acknowledge beyond it. Before, leave it and release the batch. Of an event that came by read_retries, retry_seconds (0 to 86,400) is when it comes again. Pass the lease_id of the event: if that lease has ended and somebody else has the event now, the failure is not counted, the lease of the other stays, and what is returned is how often others have failed (attempts 0: nobody has). Without lease_id it is counted in any case. Put no secret into error. Raises DP001, DP018. Example: select (dpg.fail_event(''to student'', 42, ''answer 500'', max_attempts => 5)).state';
