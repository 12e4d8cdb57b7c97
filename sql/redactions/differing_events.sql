create table if not exists dpg.differing_events (
  redaction_id bigint not null,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  origin_instance_domain text not null,
  action_id uuid not null,
  update_count integer not null,
  source_item_owner text not null,
  source_item_is_local boolean not null,
  event jsonb not null,
  constraint differing_events_pkey primary key (redaction_id)
);

create index if not exists differing_events_event_idx
on dpg.differing_events (event_id);

comment on table dpg.differing_events is
  'Events of other instances that were accepted by dpg.accept_differing_event. Each says something else than the event
that dpg.action_events has of the same update, or under the same id: the other instance was restored from a backup and
did the update again. Append-only (DP012), except for redactions that are on record.';
comment on column dpg.differing_events.redaction_id is 'The record in dpg.redactions: who accepted it, when and why.';
comment on column dpg.differing_events.partition_network is 'Of the event.';
comment on column dpg.differing_events.action_type is 'Of the event.';
comment on column dpg.differing_events.event_id is 'Of the event.';
comment on column dpg.differing_events.origin_instance_domain is 'Of the event, spelled as in the event.';
comment on column dpg.differing_events.action_id is 'Of the event.';
comment on column dpg.differing_events.update_count is 'Of the event.';
comment on column dpg.differing_events.source_item_owner is 'Of the event; the tombstone when that user was erased.';
comment on column dpg.differing_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this instance.';
comment on column dpg.differing_events.event is 'The whole event, as dpg.store_event takes it.';
comment on constraint differing_events_pkey on dpg.differing_events is 'One row for each event that was accepted.';
comment on index dpg.differing_events_pkey is 'For the record that belongs to an event.';
comment on index dpg.differing_events_event_idx is
  'For store_event, before it refuses an event that differs, and for redactions.';

create or replace function dpg_private.emptied_event(event jsonb)
returns jsonb
language sql
immutable
parallel safe
security invoker
return event
  || '{"event_payload": {}, "remarks": null}'
  || case
    when event ->> 'performed_by' is not null then jsonb_build_object('performed_by', dpg_private.tombstone())
    else '{}'
  end;

comment on function dpg_private.emptied_event(jsonb) is
  'An event as JSON without payload and remarks, and with the tombstone as performed_by where it had one.';

create or replace function dpg_private.refuse_differing_event_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.differing_events;
begin
  if tg_op = 'UPDATE' then
    allowed := old;
    if dpg_private.is_redacted(old.partition_network, old.action_type, old.action_id, old.event_id) then
      allowed.event := dpg_private.emptied_event(old.event);
      if new is not distinct from allowed then
        return new;
      end if;
      allowed := old;
    end if;
    if dpg_private.is_replacement(old.source_item_owner, new.source_item_owner) then
      allowed.source_item_owner := new.source_item_owner;
      allowed.event := old.event || jsonb_build_object('source_item_owner', new.source_item_owner);
    end if;
    if old.event ->> 'performed_by' <> new.event ->> 'performed_by'
      and dpg_private.is_replacement(old.event ->> 'performed_by', new.event ->> 'performed_by')
    then
      allowed.event := allowed.event || jsonb_build_object('performed_by', new.event ->> 'performed_by');
    end if;
    if new is distinct from old and new is not distinct from allowed then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = dpg_private.text_for_client(
      format('%s of dpg.differing_events is refused: events are immutable', lower(tg_op))
    ),
    hint = 'What the law demands is done by dpg.redact_event and dpg.erase_user.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('operation', tg_op, 'relation', 'dpg.differing_events')::text
    );
end
$body$;

comment on function dpg_private.refuse_differing_event_change() is
  'Trigger: refuses to change or remove a differing event (DP012), except for redactions that are on record.';

create or replace trigger differing_events_append_only
before update or delete on dpg.differing_events
for each row
execute function dpg_private.refuse_differing_event_change();

alter table dpg.differing_events enable always trigger differing_events_append_only;

comment on trigger differing_events_append_only on dpg.differing_events is
  'Events are never changed or removed (DP012), except for redactions that are on record.';

create or replace trigger differing_events_no_truncate
before truncate on dpg.differing_events
for each statement
execute function dpg_private.refuse_differing_event_change();

alter table dpg.differing_events enable always trigger differing_events_no_truncate;

comment on trigger differing_events_no_truncate on dpg.differing_events is
  'Events are never removed (DP012).';

create or replace function dpg_private.find_differing_event(event jsonb, proposed dpg.action_events)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  kept record;
  differing dpg.action_events;
begin
  for kept in
    select d.event, d.source_item_is_local
    from dpg.differing_events d
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id
  loop
    differing := dpg_private.parse_event(kept.event);
    differing.source_item_is_local := kept.source_item_is_local;
    differing.target_item_is_local := false;
    proposed.source_item_is_local := kept.source_item_is_local;
    if dpg_private.is_same_event(differing, dpg_private.fill_missing_fields(event, proposed, differing)) then
      return differing;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.find_differing_event(jsonb, dpg.action_events) is
  'The event in dpg.differing_events that says the same as the proposed one. All columns are null when there is none.
event is the object that the proposed one was read from.';
