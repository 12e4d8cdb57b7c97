create or replace function dpg_private.action_key_sql()
returns text
language sql
immutable
parallel safe
security invoker
return 'a.partition_network = $1 and a.action_type = $2 and a.action_id = $3';

comment on function dpg_private.action_key_sql() is
  'The condition that a row a of a leaf is the action of a key. Parameters: $1 partition_network, $2 action_type,
$3 action_id.';

create or replace function dpg_private.action_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@partition_network, @action_type, @action_id, @action_status, @update_count, @requirements_snapshot,
   @remarks, @source_item_network, @source_item_domain, @source_item_type, @source_item_id,
   @source_item_instance_url, @source_item_owner, @target_item_network, @target_item_domain, @target_item_type,
   @target_item_id, @target_item_instance_url, @target_item_owner, @created_at, @updated_at,
   @source_item_latitude, @source_item_longitude, @target_item_latitude, @target_item_longitude,
   @source_item_is_local, @source_local_item_id, @performed_by',
  '@', alias
);

comment on function dpg_private.action_columns_sql(text) is
  'Our columns of dpg.item_actions, in the order of dpg.found_action; dpg_private.mirrored_actions has them, too.
Named one by one, since an application may add columns to the table. alias stands before each: ''a.'' or nothing.';

create or replace function dpg_private.refuse_action_key(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('action_id', action_id is not null);
end
$body$;

comment on function dpg_private.refuse_action_key(text, text, uuid) is
  'Raises DP001 for what is no key of an action.';

create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    dpg_private.is_key(partition_network)
    and dpg_private.is_key(action_type)
    and action_id is not null
  ) is not true then
    dpg_private.refuse_action_key(partition_network, action_type, action_id)
end;

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action.';

create or replace function dpg_private.action_not_found_refusal(
  partition_network text,
  action_type text,
  action_id uuid
)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return row(
  'DP004',
  format('there is no action %L/%L/%s here', partition_network, action_type, action_id),
  'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
  jsonb_build_object('partition_network', partition_network, 'action_type', action_type, 'action_id', action_id)
)::dpg_private.refusal;

comment on function dpg_private.action_not_found_refusal(text, text, uuid) is
  'DP004 for the action.';

create or replace function dpg_private.refuse_action_not_found(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(
    dpg_private.action_not_found_refusal(partition_network, action_type, action_id)
  );
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises dpg_private.action_not_found_refusal.';

create or replace function dpg_private.find_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
begin
  if leaf is not null then
    execute format('select * from %s a where %s', leaf, dpg_private.action_key_sql())
    into stored
    using partition_network, action_type, action_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_action(regclass, text, text, uuid) is
  'The action of this key in its leaf, as it is committed now. All columns are null where there is none, or no leaf.';

create or replace function dpg_private.lock_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid,
  strength text,
  slot smallint default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  stored dpg.item_actions;
begin
  if slot is not null and leaf is not null then
    stored := dpg_private.lock_action_in_slot(slot, partition_network, action_type, action_id, strength);
  elsif leaf is not null then
    if strength = 'no key update' then
      -- The tables first, as the change needs them; the roots before the leaf, as "alter table" takes them. These
      -- locks also keep new triggers of the application out, between the look for triggers and the change.
      execute format('lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf);
    end if;
    execute format('select * from %s a where %s for %s', leaf, dpg_private.action_key_sql(), strength)
    into stored
    using partition_network, action_type, action_id;
  end if;
  if stored.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_action(regclass, text, text, uuid, text, smallint) is
  'The action of this key in its leaf, under a row lock (strength: key share or no key update). With the slot of the
leaf, where the caller knows it, by a kept plan.
Raises DP004, also where there is no leaf.';
