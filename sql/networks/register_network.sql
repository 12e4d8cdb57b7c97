create or replace function dpg.register_network(document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  named jsonb;
  item_types jsonb;
begin
  perform dpg_private.check_document('document', document);
  perform dpg_private.check_network_name(document, '{}');
  perform dpg_private.check_network_domains(document);
  named := dpg_private.with_names(document);
  item_types := dpg_private.network_item_types(named);
  perform dpg_private.check_network_instances(document, item_types);
  perform dpg_private.check_network_actions(named, item_types);
  perform dpg_private.check_network_rules(named);
  perform dpg_private.check_here(named ->> 'name');

  -- One row, replaced in one statement: so no call sees half of a document, and no call waits.
  insert into dpg.networks as n (network, document, item_types, interactions, item_fields)
  values (
    named ->> 'name', document, item_types, dpg_private.network_interactions(named, item_types),
    dpg_private.network_item_fields(named)
  )
  on conflict on constraint networks_pkey do update
  set document = excluded.document,
    item_types = excluded.item_types,
    interactions = excluded.interactions,
    item_fields = excluded.item_fields,
    registered_at = excluded.registered_at
  where (n.document, n.item_types, n.interactions, n.item_fields)
    is distinct from (excluded.document, excluded.item_types, excluded.interactions, excluded.item_fields);

  -- Who defines a search writes these rows, too: so that in repeatable read the later of two ends in 40001, where it
  -- would not see the other.
  insert into dpg_private.searched_domains as s
  select named ->> 'name', d.domain ->> 'name', 0
  from jsonb_array_elements(named -> 'domains') d(domain)
  order by 2
  on conflict on constraint searched_domains_pkey do update
  set version = s.version;

  perform dpg_private.register_rules(named ->> 'name', named);

  -- After the row is written: whoever defines a search meanwhile waits for it, or has committed and is seen here.
  perform dpg_private.check_searched_fields(named);
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(named ->> 'name');
end
$body$;

comment on function dpg.register_network(jsonb) is
  'For dpg_admin. Registers a network document. It replaces the former document of the same name. From then on, new
items, actions and mirrored events of the network must be of declared domains, item types, action types and interactions
(else DP014). What is there already stays: items can be changed, actions can go on. Schemas are kept, but not applied
here. State graphs are declared by dpg.define_action. max_actions_per_pair is the rule max_open_per_pair of the network,
and statuses under accept, reject and cancel in metric_categories of an interaction are final, where dpg.define_network
and dpg.define_action say nothing else. Facets, counts and search take the fields of items that a schema
declares (else DP014). "private": true in the schema of a field, or of all of the item, closes it to them;
dpg.networks.item_fields has what was read out of the schemas. id and domain_id are synonyms of name and domain_name.
Fields that are not known are kept; a misspelt field of from_ or to_ is refused. An item type of an interaction that
only an instance has a schema of is a WARNING, and takes no part. For a faulty document, the DETAIL has the path to the
fault as a JSON pointer.
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
