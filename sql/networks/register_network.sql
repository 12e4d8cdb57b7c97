create or replace function dpg.register_network(document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item_types jsonb;
begin
  perform dpg_private.check_document('document', document);
  perform dpg_private.check_network_part(document, '{name}', 'key');
  perform dpg_private.check_network_domains(document);
  item_types := dpg_private.network_item_types(document);
  perform
    dpg_private.check_network_instances(document, item_types),
    dpg_private.check_network_actions(document, item_types);

  -- One row, replaced in one statement: so no call sees half of a document, and no call waits.
  insert into dpg.networks as n (network, document, item_types, interactions)
  values (document ->> 'name', document, item_types, dpg_private.network_interactions(document, item_types))
  on conflict on constraint networks_pkey do update
  set document = excluded.document,
    item_types = excluded.item_types,
    interactions = excluded.interactions,
    registered_at = excluded.registered_at
  where (n.document, n.item_types, n.interactions)
    is distinct from (excluded.document, excluded.item_types, excluded.interactions);
end
$body$;

comment on function dpg.register_network(jsonb) is
  'For dpg_admin. Registers a network document. It replaces the former document of the same name.
From then on, new items, actions and mirrored events of the network must be of declared domains, item types,
action types and interactions (else DP014). What is there already stays: items can be changed, actions can go
on. Schemas are kept, but not applied here. State graphs are declared by dpg.define_action.
For a faulty document, the DETAIL has the path to the fault as a JSON pointer.
Raises DP001.
Example: select dpg.register_network(''{
  "name": "yellow_dot",
  "domains": [
    {"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}},
    {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}}}
  ],
  "instances": [],
  "actions": {
    "connect": {"interactions": [
      {"from_domain": "student", "to_domain": "tutor", "requirement_schema": {"type": "object"}}
    ]}
  }
}'')';
