create or replace function dpg_private.check_interaction(
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_id uuid,
  origin_instance_domain text default null
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  refusing dpg.networks;
begin
  -- The target's network decides, if it is registered. That of the source, if it is another one and registered, knows
  -- its own items, and what it says of this action on that network holds for them.
  select n.*
  into refusing
  from dpg.networks n
  where n.network in (source.item_network, target.item_network)
    and case
      when n.network <> target.item_network and (n.item_types -> source.item_domain ? source.item_type) is not true then
        true
      when n.network = target.item_network
        or exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where i ->> 'to_network' = target.item_network
        )
      then
        not exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where dpg_private.is_permitted(i, source, target)
        )
    end
  order by n.network = target.item_network desc
  limit 1;

  -- what was begun goes on, between the same items: a repeated call finds its action, and later events follow the first
  if not found
    or dpg_private.is_begun(target.item_network, action_type, action_id, origin_instance_domain, source, target)
  then
    return;
  end if;
  if refusing.network <> target.item_network and (refusing.item_types -> source.item_domain ? source.item_type) is not true then
    perform dpg_private.refuse_undeclared_item(source);
  end if;
  perform dpg_private.refuse_undeclared_action(refusing.network, target.item_network, action_type, source, target);
end
$body$;

comment on function dpg_private.check_interaction(text, dpg.item_ref, dpg.item_ref, uuid, text) is
  'Raises DP014 when the network of the target is registered and does not declare the action from source to target, or that of the source is and does not declare the source, or says otherwise of this action on the target''s network; unless the action is there already, between the same items: under its id, or with an origin by mirrored events.';
