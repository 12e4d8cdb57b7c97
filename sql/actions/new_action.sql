-- What perform_action and receive_action do before they lock an item.

create or replace function dpg_private.look_before_new_action(
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns table (
  is_registered boolean,
  source_leaf regclass,
  source_slot smallint,
  target_leaf regclass,
  target_slot smallint,
  action_leaf regclass,
  events_leaf regclass
)
language sql
stable
security invoker
begin atomic
  select
    exists (
      select
      from dpg.networks n
      where n.network in ((look_before_new_action.source).item_network, (look_before_new_action.target).item_network)
    ),
    s.leaf,
    s.slot,
    t.leaf,
    t.slot,
    (
      select l.leaf
      from dpg_private.look_up_leaf_and_slot(
        'item_actions', (look_before_new_action.target).item_network, look_before_new_action.action_type
      ) l
    ),
    (
      select l.leaf
      from dpg_private.look_up_leaf_and_slot(
        'action_events', (look_before_new_action.target).item_network, look_before_new_action.action_type
      ) l
    )
  from (select) one
  left join dpg_private.look_up_leaf_and_slot(
    'items', (look_before_new_action.source).item_network, (look_before_new_action.source).item_domain
  ) s on true
  left join dpg_private.look_up_leaf_and_slot(
    'items', (look_before_new_action.target).item_network, (look_before_new_action.target).item_domain
  ) t on true;
end;

comment on function dpg_private.look_before_new_action(dpg.item_ref, dpg.item_ref, text) is
  'What a call needs to know before it creates an action: whether one of the networks is registered, and the leaves,
  null where
one is missing. One statement instead of five. The answers hold for this moment. It does not look at public."user": that
table is the application''s, which could not change a column that a parsed function names.';

create or replace function dpg_private.create_leaves_for_new_action(
  actor text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source_item dpg.items;
begin
  -- not for a call that will be refused anyway
  if actor is not null then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
  end if;
  perform dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;
  perform dpg_private.find_or_create_leaf('item_actions', target.item_network, action_type);
  perform dpg_private.find_or_create_leaf('action_events', target.item_network, action_type);
end
$body$;

comment on function dpg_private.create_leaves_for_new_action(text, dpg.item_ref, dpg.item_ref, text) is
  'Creates the leaves of actions and events that are missing, before the items are locked. The order must not
change: the creation of a leaf waits for the writers of the items of its network, and those may wait for these
items. actor is null for a source that lives on another instance. Raises DP002, DP003, DP010.';
