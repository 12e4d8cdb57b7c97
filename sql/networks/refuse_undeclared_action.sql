create or replace function dpg_private.refuse_undeclared_action(
  network text,
  partition_network text,
  action_type text,
  source dpg.item_ref default null,
  target dpg.item_ref default null
)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  interactions constant jsonb := (
    select n.interactions from dpg.networks n where n.network = refuse_undeclared_action.network
  );
  keys constant jsonb := jsonb_build_object('partition_network', partition_network, 'action_type', action_type);
begin
  if interactions ? action_type then
    perform dpg_private.refuse_not_in_network(
      network, 'interaction',
      format(
        'action %L from %L/%L/%L to %L/%L/%L', action_type,
        source.item_network, source.item_domain, source.item_type, target.item_network, target.item_domain, target.item_type
      ),
      array(
        select format(
          '%L from %L/%L%s to %L/%L%s', action_type,
          i ->> 'from_network', i ->> 'from_domain', ' of ' || (i ->> 'from_items'),
          i ->> 'to_network', i ->> 'to_domain', ' of ' || (i ->> 'to_items')
        )
        from jsonb_array_elements(interactions -> action_type) i
      ),
      keys || jsonb_build_object(
        'source_item_network', source.item_network, 'source_item_domain', source.item_domain,
        'source_item_type', source.item_type,
        'target_item_network', target.item_network, 'target_item_domain', target.item_domain,
        'target_item_type', target.item_type
      )
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    network, 'action_type', format('action %L', action_type), array(select jsonb_object_keys(interactions)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_action(text, text, text, dpg.item_ref, dpg.item_ref) is
  'Raises DP014 for an action type, or else an interaction from source to target, that a registered network does not declare.';
