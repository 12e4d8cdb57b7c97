create or replace function dpg.fail_event(
  subscription text,
  "position" bigint,
  error text,
  max_attempts integer default 10,
  retry_seconds double precision default 0
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
begin
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument('max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.');
  end if;
  reader := dpg_private.lock_subscription(subscription);
  insert into dpg.failed_events as f (
    subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
  )
  select reader.subscription, e."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1, fail_event.error,
    e.partition_network, e.action_type, e.event_id
  from dpg_private.event_feed e
  where e."position" = fail_event."position"
    and e."position" <= reader.handed_out_position
  on conflict on constraint failed_events_pkey do update
  set attempts = f.attempts + 1,
    state = case when f.attempts + 1 >= max_attempts then 'dead' else f.state end,
    last_error = excluded.last_error,
    last_failed_at = excluded.last_failed_at,
    leased_until = case
      when f.state = 'retrying' and f.attempts + 1 < max_attempts
        then clock_timestamp() + make_interval(secs => retry_seconds)
    end
  returning f.* into failed;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out', 'Pass the position of an event that read_events returned.'
    );
  end if;
  update dpg.subscriptions s
  set last_error = coalesce(fail_event.error, s.last_error),
    last_error_at = failed.last_failed_at
  where s.subscription = fail_event.subscription;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision) is
  'Notes that a reader could not deal with an event, and returns how often that happened. After max_attempts its state is dead: go on without it, acknowledge beyond it. Before, leave it and release the batch. Of an event that came by read_retries, retry_seconds (0 to 86,400) is when it comes again. Put no secret into error. Raises DP001. Example: select (dpg.fail_event(''to student'', 42, ''answer 500'', max_attempts => 5)).state';
