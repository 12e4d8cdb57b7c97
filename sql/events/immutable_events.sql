create or replace function dpg_private.is_unchanged_event(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- JSON must not round coordinates
as $body$
declare
  generated constant text[] := array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = 'dpg.action_events'::regclass
      and a.attgenerated <> ''
      and not a.attisdropped
  );
begin
  -- As JSON, since a column of an application may be of a type without "=". What an application lets PostgreSQL
  -- compute is not computed yet where a BEFORE trigger looks.
  return to_jsonb(after) - generated = to_jsonb(before) - generated;
end
$body$;

comment on function dpg_private.is_unchanged_event(dpg.action_events, dpg.action_events) is
  'Whether a change of an event, as a BEFORE trigger sees it, changes nothing, in columns of an application as well;
generated columns follow from the others and are left out.';

create or replace function dpg_private.is_redaction(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  allowed dpg.action_events := before;
begin
  if dpg_private.is_redacted(before.partition_network, before.action_type, before.action_id, before.event_id) then
    allowed.event_payload := '{}';
    allowed.remarks := null;
    allowed.performed_by := case when before.performed_by is not null then tombstone end;
    if dpg_private.is_unchanged_event(allowed, after) then
      return not dpg_private.is_unchanged_event(before, after);
    end if;
    allowed := before;
  end if;
  if before.source_item_is_local and dpg_private.is_replacement(before.source_item_owner, after.source_item_owner) then
    allowed.source_item_owner := after.source_item_owner;
  end if;
  if before.target_item_is_local and dpg_private.is_replacement(before.target_item_owner, after.target_item_owner) then
    allowed.target_item_owner := after.target_item_owner;
  end if;
  if before.performed_by <> after.performed_by
    and dpg_private.is_replacement(before.performed_by, after.performed_by)
  then
    allowed.performed_by := after.performed_by;
  end if;
  return dpg_private.is_unchanged_event(allowed, after) and not dpg_private.is_unchanged_event(before, after);
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event is no more than what dpg.redactions has on record: payload, remarks and performed_by
of a redacted event are taken away; or an owner, a user of this instance, or performed_by gives way to the tombstone
or to whom the items are being moved.';

create or replace function dpg_private.refuse_event_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'UPDATE' then
    if dpg_private.is_redaction(old, new) then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of %I.%I is refused: events are immutable', lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'A new fact is a new event; what the law demands is done by dpg.redact_event and dpg.erase_user, '
      'a change of the owner by dpg.move_items.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
end
$body$;

comment on function dpg_private.refuse_event_change() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012), but for redactions that are
on record.';

-- Only where it is not there: PostgreSQL would lock the root and every leaf, even to create the same trigger again.
-- The first is cloned to each leaf; leaves get the second from dpg_private.create_partition_table. "always": under
-- session_replication_role = replica as well.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.action_events'::pg_catalog.regclass
      and t.tgname = 'action_events_immutable'
  ) then
    create trigger action_events_immutable
    before update or delete on dpg.action_events
    for each row
    execute function dpg_private.refuse_event_change();
    alter table dpg.action_events enable always trigger action_events_immutable;

    create trigger action_events_no_truncate
    before truncate on dpg.action_events
    for each statement
    execute function dpg_private.refuse_event_change();
    alter table dpg.action_events enable always trigger action_events_no_truncate;
  end if;
end
$body$;

comment on trigger action_events_immutable on dpg.action_events is
  'Events are never changed or removed (DP012).';
comment on trigger action_events_no_truncate on dpg.action_events is
  'Events are never removed (DP012).';
