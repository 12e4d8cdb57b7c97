create table if not exists dpg.failed_events (
  subscription text not null,
  "position" bigint not null,
  state text not null,
  attempts integer not null,
  last_error text,
  first_failed_at timestamptz not null default clock_timestamp(),
  last_failed_at timestamptz not null default clock_timestamp(),
  leased_until timestamptz,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  lease_id uuid,
  constraint failed_events_pkey primary key (subscription, "position"),
  constraint failed_events_state_check check (state in ('failing', 'dead', 'retrying')),
  constraint failed_events_subscription_fkey foreign key (subscription) references dpg.subscriptions (subscription)
);

comment on table dpg.failed_events is
  'Events that a reader of a subscription could not deal with, and how often it has tried. Written by dpg.fail_event,
retry_events, read_retries, settle_event and acknowledge.';
comment on column dpg.failed_events.subscription is 'The subscription whose reader failed.';
comment on column dpg.failed_events."position" is 'The event, by its position in the feed.';
comment on column dpg.failed_events.state is
  'failing: not acknowledged, and tried again. dead: given up after so many attempts; the subscription goes on without
it. retrying: was dead, and is tried again because dpg.retry_events was called.';
comment on column dpg.failed_events.attempts is 'How often it failed since it was first tried or last revived.';
comment on column dpg.failed_events.last_error is 'What went wrong last.';
comment on column dpg.failed_events.first_failed_at is 'When it failed first.';
comment on column dpg.failed_events.last_failed_at is 'When it failed last.';
comment on column dpg.failed_events.leased_until is
  'Of a retrying event: until then a reader works on it, or it waits for its next try.';
comment on column dpg.failed_events.partition_network is 'Of the event.';
comment on column dpg.failed_events.action_type is 'Of the event.';
comment on column dpg.failed_events.event_id is 'The event.';
comment on column dpg.failed_events.lease_id is
  'Of a retrying event: the lease under which dpg.read_retries handed it out last. Null when it is not leased.';
comment on constraint failed_events_pkey on dpg.failed_events is 'One row for each event of a subscription.';
comment on constraint failed_events_state_check on dpg.failed_events is 'The states that there are.';
comment on constraint failed_events_subscription_fkey on dpg.failed_events is
  'A failed event belongs to a subscription.';
comment on index dpg.failed_events_pkey is 'For each call that names a failed event.';

create or replace function dpg_private.check_failure(error text, retry_seconds double precision)
returns void
language plpgsql
stable -- an immutable call with constants would already run, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if octet_length(error) > 65536 then
    perform dpg_private.refuse_argument(
      'error', to_jsonb(error), 'is too long', 'Say what went wrong in at most 65,536 bytes; never put a secret there.'
    );
  end if;
  if retry_seconds is null or not retry_seconds between 0 and 86400 then
    perform dpg_private.refuse_argument(
      'retry_seconds', to_jsonb(dpg_private.json_of_number(retry_seconds) #>> array[]::text[]), 'is out of range',
      'The next try is 0 to 86,400 seconds away.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_failure(text, double precision) is
  'Raises DP001 for an error of more than 65,536 bytes, or a next try that is not 0 to 86,400 seconds away.';

create or replace function dpg_private.forget_failures(subscription text, positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  forgotten integer;
begin
  if positions = '{}' then
    return;
  end if;
  delete from dpg.failed_events f
  where f.subscription = forget_failures.subscription
    and f."position" = any (positions);
  get diagnostics forgotten = row_count;
  if forgotten < cardinality(positions) then
    perform dpg_private.refuse_suppressed(
      'delete', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
end
$body$;

comment on function dpg_private.forget_failures(text, bigint[]) is
  'Deletes the failures of a subscription at these positions. The caller has locked them in the order of the positions.
Raises DP018 where a trigger kept one.';
