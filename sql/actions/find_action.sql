create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language sql
stable
parallel safe
security invoker
return coalesce(
  dpg_private.check_key('partition_network', partition_network),
  dpg_private.check_key('action_type', action_type),
  dpg_private.check_present('action_id', action_id is not null)
);

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action. Stored parsed and inlined.';

create or replace function dpg_private.refuse_action_not_found(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP004',
    message = dpg_private.text_for_client(
      format('there is no action %L/%L/%s here', partition_network, action_type, action_id)
    ),
    hint = 'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('partition_network', partition_network, 'action_type', action_type, 'action_id', action_id)::text
    );
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises DP004 for the action.';

create or replace function dpg_private.find_action(leaf regclass, partition_network text, action_type text, action_id uuid)
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
    execute format(
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3', leaf
    )
    into stored
    using partition_network, action_type, action_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_action(regclass, text, text, uuid) is
  'The action of this key in its leaf, as committed by now; all columns null where there is none, or no leaf.';

create or replace function dpg_private.lock_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid,
  strength text
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
    if strength = 'no key update' then
      -- As the change will need them, the roots first, as "alter table" takes them. Also so that no trigger of the application
      -- can come between the look for triggers and the change.
      execute format('lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf);
    end if;
    execute format(
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3 for %s', leaf, strength
    )
    into stored
    using partition_network, action_type, action_id;
  end if;
  if stored.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_action(regclass, text, text, uuid, text) is
  'Reads an action, in the leaf of its keys, under a row lock. Raises DP004, also where there is no leaf.';
