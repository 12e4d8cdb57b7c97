do $body$
begin
  if pg_catalog.to_regtype('dpg_private.transition_leaf') is null then
    create type dpg_private.transition_leaf as (
      partition_network text,
      action_type text,
      leaf regclass,
      slot smallint,
      events_leaf regclass,
      events_slot smallint,
      rules dpg_private.action_rules,
      action_ids uuid[]
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.action_change') is null then
    create type dpg_private.action_change as (
      leaf_number integer,
      action dpg.item_actions,
      event_id uuid,
      event_payload jsonb,
      remarks text,
      acting_side text
    );
  end if;
end
$body$;

comment on type dpg_private.transition_leaf is
  'A leaf of actions that are to be changed, with the leaf of their events, what is declared of them, and their ids.';
comment on type dpg_private.action_change is
  'A change of an action that is about to be written: the number of its leaf, the action after the change, then what its
event says besides.';

create or replace function dpg_private.open_leaf(partition_network text, action_type text)
returns dpg_private.transition_leaf
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  opened dpg_private.transition_leaf;
begin
  opened.partition_network := partition_network;
  opened.action_type := action_type;
  opened.slot := dpg_private.slot_of('item_actions', partition_network, action_type);
  opened.leaf := dpg_private.find_leaf_by_slot('item_actions', opened.slot, partition_network, action_type);
  opened.events_slot := dpg_private.slot_of('action_events', partition_network, action_type);
  opened.events_leaf := dpg_private.find_leaf_by_slot(
    'action_events', opened.events_slot, partition_network, action_type
  );
  if opened.leaf is not null and opened.events_leaf is null then
    opened.events_leaf := dpg_private.find_or_create_leaf('action_events', partition_network, action_type); -- was lost
    opened.events_slot := null;
  end if;
  return opened;
end
$body$;

comment on function dpg_private.open_leaf(text, text) is
  'A leaf of actions that are to be changed, and that of their events, which is created where it was lost. Before a row
is locked, since that can wait. Rules and ids are null, leaf too where there is none.';

create or replace function dpg_private.lock_actions(
  leaf regclass,
  partition_network text,
  action_type text,
  action_ids uuid[]
)
returns dpg.item_actions[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  locked dpg.item_actions[];
begin
  -- Each by its key: the planner, which has no statistics of a new leaf, would rather read the whole leaf for a list of
  -- ids.
  execute format(
    'select array_agg(l.action)
     from (select distinct k.id as action_id from unnest($3) k(id) order by 1) k
     left join lateral (
       select a::dpg.item_actions as action
       from %s a
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = k.action_id
       limit 1
       for no key update of a
     ) l on true',
    leaf
  )
  into locked
  using partition_network, action_type, action_ids;
  return locked;
end
$body$;

comment on function dpg_private.lock_actions(regclass, text, text, uuid[]) is
  'The actions of these ids in their leaf, each once and in the order of the ids, under row locks (no key update) that
are taken in this order. Null stands for one that is not there. The caller has locked the tables, as
dpg_private.lock_action does.';

create or replace function dpg_private.update_actions(leaf regclass, slot smallint, changed dpg.item_actions[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  action dpg.item_actions;
  places tid[];
  changed_rows bigint;
begin
  -- a few: by a kept plan they are faster than two statements that must be planned
  if cardinality(changed) <= 8 then
    foreach action in array changed loop
      perform dpg_private.update_action(leaf, slot, action);
    end loop;
    return;
  end if;
  -- Where the rows are, is asked before: so the plan of the update reads these rows and no others, also for a new leaf,
  -- of which the planner has no statistics. The rows are locked and stay where they are.
  execute format(
    'select array_agg(l.place)
     from unnest($1) c
     cross join lateral (
       select a.ctid as place
       from %s a
       where a.partition_network = c.partition_network
         and a.action_type = c.action_type
         and a.action_id = c.action_id
       limit 1
     ) l',
    leaf
  )
  into places
  using changed;
  execute format(
    'update %s a
     set action_status = c.action_status, update_count = c.update_count, remarks = c.remarks,
       updated_at = c.updated_at, performed_by = c.performed_by
     from unnest($1) c
     where a.ctid = any ($2)
       and a.action_id = c.action_id',
    leaf
  )
  using changed, places;
  get diagnostics changed_rows = row_count;
  if changed_rows < cardinality(changed) then
    perform dpg_private.refuse_suppressed('update', leaf);
  end if;
end
$body$;

comment on function dpg_private.update_actions(regclass, smallint, dpg.item_actions[]) is
  'Writes what transitions change of different actions of a leaf that the caller has locked. Raises DP018.';

create or replace function dpg_private.write_changes(
  leaves dpg_private.transition_leaf[],
  changes dpg_private.action_change[]
)
returns integer[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  inserted_rows bigint;
  queued_rows bigint;
  change dpg_private.action_change;
  leaf record;
  action dpg.item_actions;
  event dpg.action_events;
  refused integer[] := '{}';
begin
  -- Events: as in dpg_private.append_event, in one statement. In the order of their ids, since another call may send
  -- the same ones.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local,
    performed_by, acting_side
  )
  select
    (c.action).partition_network, (c.action).action_type, c.event_id, (c.action).target_item_instance_url,
    (c.action).action_id, (c.action).action_status, (c.action).update_count, (c.action).source_item_network,
    (c.action).source_item_domain, (c.action).source_item_type, (c.action).source_item_id,
    (c.action).source_item_instance_url, (c.action).source_item_owner, (c.action).source_item_latitude,
    (c.action).source_item_longitude, (c.action).target_item_network, (c.action).target_item_domain,
    (c.action).target_item_type, (c.action).target_item_id, (c.action).target_item_instance_url,
    (c.action).target_item_owner, (c.action).target_item_latitude, (c.action).target_item_longitude,
    c.event_payload, c.remarks, (c.action).updated_at, (c.action).source_item_is_local, true,
    (c.action).performed_by, c.acting_side
  from unnest(changes) with ordinality c(leaf_number, action, event_id, event_payload, remarks, acting_side, number)
  order by c.leaf_number, c.event_id, c.number
  on conflict do nothing;
  get diagnostics inserted_rows = row_count;
  if inserted_rows < cardinality(changes) then
    for n in 1 .. cardinality(changes) loop
      change := changes[n];
      action := change.action;
      event := dpg_private.find_event(action.partition_network, action.action_type, change.event_id);
      if (event.action_id, event.update_count, event.created_at, event.target_item_is_local)
        is distinct from (action.action_id, action.update_count, action.updated_at, true)
      then
        refused := refused || n;
      end if;
    end loop;
  end if;

  -- for the feed; under the row locks of the actions
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  select
    (c.action).partition_network, (c.action).action_type, c.event_id, (c.action).source_item_instance_url,
    (c.action).updated_at
  from unnest(changes) with ordinality c(leaf_number, action, event_id, event_payload, remarks, acting_side, number)
  where c.number <> all (refused);
  get diagnostics queued_rows = row_count;
  if queued_rows < inserted_rows then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.event_queue');
  end if;

  -- actions, leaf by leaf
  for leaf in
    select l.*
    from unnest(leaves) with ordinality l(
      partition_network, action_type, leaf, slot, events_leaf, events_slot, rules, action_ids, number
    )
    where l.number in (select c.leaf_number from unnest(changes) c)
    order by l.number
  loop
    perform dpg_private.update_actions(
      leaf.leaf,
      leaf.slot,
      array(
        select c.action
        from unnest(changes) with ordinality c(
          leaf_number, action, event_id, event_payload, remarks, acting_side, number
        )
        where (c.action).partition_network = leaf.partition_network
          and (c.action).action_type = leaf.action_type
          and c.number <> all (refused)
      )
    );
  end loop;
  return refused;
end
$body$;

comment on function dpg_private.write_changes(dpg_private.transition_leaf[], dpg_private.action_change[]) is
  'Writes changes of different actions that the caller has locked, and their events. No application has added columns or
triggers. Returns the numbers of those changes of which nothing was written, since the id of the event was used before,
or this update has an event: dpg_private.apply_transition says whether it is a repetition. Raises DP018.';
