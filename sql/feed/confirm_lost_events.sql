create table if not exists dpg_private.lost_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  "position" bigint,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  redaction_id bigint not null,
  constraint lost_events_pkey primary key (partition_network, action_type, event_id)
);

comment on table dpg_private.lost_events is
  'Events that dpg.confirm_lost_events has taken out of the feed, because they are gone with their partition: their
former rows in feed_positions and event_queue. No function reads it. It is the record of what was lost.';
comment on column dpg_private.lost_events.partition_network is 'Of the event.';
comment on column dpg_private.lost_events.action_type is 'Of the event.';
comment on column dpg_private.lost_events.event_id is 'The event.';
comment on column dpg_private.lost_events."position" is 'Its position in the feed; null when it had none yet.';
comment on column dpg_private.lost_events.source_item_instance_url is 'Of the event: the instance that it was for.';
comment on column dpg_private.lost_events.created_at is 'Of the event.';
comment on column dpg_private.lost_events.redaction_id is
  'The record in dpg.redactions: who confirmed the loss, when and why.';

create or replace function dpg.confirm_lost_events(actor text, partition_network text, action_type text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  redaction dpg.redactions;
  missing uuid[];
  taken bigint;
  kept bigint;
begin
  -- check
  perform
    dpg_private.check_transaction('dpg.confirm_lost_events'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_reason(reason);

  -- lock. Every call of the feed reads this table first, so this waits for the calls that are under way. They have
  -- found positions already, and would miss the events that are taken away now.
  lock table dpg.subscriptions in access exclusive mode;

  -- check what the lock has found
  missing := dpg_private.find_missing_events(
    partition_network, action_type,
    array(
      select f.event_id
      from dpg_private.feed_positions f
      join dpg_private.feed_streams s on s.stream = f.stream
      where s.partition_network = confirm_lost_events.partition_network
        and s.action_type = confirm_lost_events.action_type
      union all
      select q.event_id
      from dpg_private.event_queue q
      where q.partition_network = confirm_lost_events.partition_network
        and q.action_type = confirm_lost_events.action_type
    )
  );
  if missing = '{}' then
    perform dpg_private.refuse_argument(
      'action_type', to_jsonb(action_type), 'has lost no events',
      'Every event of these keys that is in the feed is there. Look at the keys in the message of DP010.'
    );
  end if;

  -- change
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type)
  values (
    confirm_lost_events.actor, 'loss', confirm_lost_events.reason,
    confirm_lost_events.partition_network, confirm_lost_events.action_type
  )
  returning * into redaction;
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.redactions');
  end if;
  with gone as (
    delete from dpg_private.feed_positions f
    using dpg_private.feed_streams s, unnest(missing) m(event_id)
    where s.partition_network = confirm_lost_events.partition_network
      and s.action_type = confirm_lost_events.action_type
      and f.stream = s.stream
      and f.event_id = m.event_id
    returning f."position", f.event_id, s.source_item_instance_url, f.created_at
  ),
  unplaced as (
    delete from dpg_private.event_queue q
    using unnest(missing) m(event_id)
    where q.partition_network = confirm_lost_events.partition_network
      and q.action_type = confirm_lost_events.action_type
      and q.event_id = m.event_id
    returning q.event_id, q.source_item_instance_url, q.created_at
  ),
  noted as (
    insert into dpg_private.lost_events (
      partition_network, action_type, event_id, "position", source_item_instance_url, created_at, redaction_id
    )
    select confirm_lost_events.partition_network, confirm_lost_events.action_type, o.event_id, o."position",
      o.source_item_instance_url, o.created_at, redaction.redaction_id
    from (
      select g.event_id, g."position", g.source_item_instance_url, g.created_at from gone g
      union all
      select u.event_id, null, u.source_item_instance_url, u.created_at from unplaced u
    ) o
    returning 1
  )
  select (select count(*) from gone) + (select count(*) from unplaced), (select count(*) from noted)
  into taken, kept;
  if taken < cardinality(missing) or kept < taken then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.feed_positions');
  end if;

  -- A lost event cannot be tried again.
  delete from dpg.failed_events f
  using unnest(missing) m(event_id)
  where f.partition_network = confirm_lost_events.partition_network
    and f.action_type = confirm_lost_events.action_type
    and f.event_id = m.event_id;
  return redaction;
end
$body$;

comment on function dpg.confirm_lost_events(text, text, text, text) is
  'For dpg_admin: confirms that events of a network and action type are lost for good: those that are in the feed and
not in dpg.action_events, because their partition was dropped. Keeps on record who confirmed it and why. Returns that
record, of kind loss.
Without this, reads of the feed end in DP010. Afterwards the feed goes on after the lost events. Events that are
there, and later ones, stay in the feed. dpg_private.lost_events lists the lost ones.
The call reads the whole feed. Every other call of the feed waits until its transaction has ended. It cannot run in a
read-only transaction (25006), nor in repeatable read or serializable (25000). It is DP001
when no event is missing.
Raises DP001, DP018.
Example: select dpg.confirm_lost_events(''dba'', ''yellow_dot'', ''connect'', ''dropped by mistake, no backup has it'')
where to_regclass(''dpg.e_p_yellowdot_connect'') is null';
