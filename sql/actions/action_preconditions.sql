create or replace function dpg_private.action_preconditions(
  actor text,
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref
)
returns table (
  is_user boolean,
  is_registered boolean,
  source_leaf regclass,
  target_leaf regclass,
  action_leaf regclass,
  event_leaf regclass,
  initial_status text
)
language sql
stable
parallel safe
security invoker
begin atomic
  select
    exists (select from public."user" u where u.id = action_preconditions.actor),
    exists (select from dpg.networks n where n.network in ((source).item_network, (target).item_network)),
    (select l.leaf from dpg_private.leaf_of('items', (source).item_network, (source).item_domain) l),
    (select l.leaf from dpg_private.leaf_of('items', (target).item_network, (target).item_domain) l),
    (select l.leaf from dpg_private.leaf_of('item_actions', (target).item_network, action_preconditions.action_type) l),
    (select l.leaf from dpg_private.leaf_of('action_events', (target).item_network, action_preconditions.action_type) l),
    coalesce(
      (
        select d.initial_status
        from dpg.action_definitions d
        where d.partition_network = (target).item_network
          and d.action_type = action_preconditions.action_type
      ),
      'created'
    );
end;

comment on function dpg_private.action_preconditions(text, text, dpg.item_ref, dpg.item_ref) is
  'What dpg.perform_action and receive_action have to know before they lock: whether the actor is a user, whether a network concerned is registered, the leaves of both items, of the action and of its events (null where there is none), the status that the action begins with. Stored parsed and inlined: one statement instead of seven.';
