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
  'Events that a reader of a subscription could not deal with, and how often it has tried. Written by dpg.fail_event, retry_events, read_retries, settle_event and acknowledge.';
comment on column dpg.failed_events.subscription is 'Whose reader failed.';
comment on column dpg.failed_events."position" is 'The event, by its position in the feed.';
comment on column dpg.failed_events.state is
  'failing: not acknowledged, tried again; dead: given up after so many attempts, the subscription goes on without it; retrying: was dead and is tried again, since somebody called dpg.retry_events.';
comment on column dpg.failed_events.attempts is 'How often it failed, since it was first tried or last revived.';
comment on column dpg.failed_events.last_error is 'What went wrong last.';
comment on column dpg.failed_events.first_failed_at is 'When it failed first.';
comment on column dpg.failed_events.last_failed_at is 'When it failed last.';
comment on column dpg.failed_events.leased_until is 'Of one that is retrying: until then it is being tried, or to be left alone.';
comment on column dpg.failed_events.partition_network is 'Of the event.';
comment on column dpg.failed_events.action_type is 'Of the event.';
comment on column dpg.failed_events.event_id is 'The event.';
comment on column dpg.failed_events.lease_id is
  'Of one that is retrying: names the lease under which dpg.read_retries has handed it out last; null when it is not leased.';
