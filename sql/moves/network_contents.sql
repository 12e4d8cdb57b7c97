create or replace function dpg_private.network_contents(network text)
returns jsonb
language plpgsql
volatile -- so that each part is read as it is now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return jsonb_build_object(
    'network', network,
    'page_seal', (select p.seal from dpg_private.page_seal p),
    'leaves', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object('root', p.root, 'key', p.key)
          order by array_position(array['items', 'item_actions', 'action_events'], p.root), p.key collate "C"
        ),
        '[]'
      )
      from dpg_private.partition_names p
      where p.network = network_contents.network
        and p.key is not null
        and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
    ),
    'mirrored_leaves', (
      select coalesce(jsonb_agg(m.key), '[]')
      from dpg_private.mirrored_leaves m
      where m.network = network_contents.network
    ),
    'networks', (
      select coalesce(jsonb_agg(to_jsonb(n)), '[]') from dpg.networks n where n.network = network_contents.network
    ),
    'network_rules', (
      select coalesce(jsonb_agg(to_jsonb(r)), '[]') from dpg.network_rules r where r.network = network_contents.network
    ),
    'action_definitions', (
      select coalesce(jsonb_agg(to_jsonb(d)), '[]')
      from dpg.action_definitions d
      where d.partition_network = network_contents.network
    ),
    'item_definitions', (
      select coalesce(jsonb_agg(to_jsonb(d)), '[]')
      from dpg.item_definitions d
      where d.item_network = network_contents.network
    ),
    'item_searches', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object(
            'item_domain', s.item_domain, 'item_type', s.item_type, 'fields', s.fields, 'language', s.language
          )
        ),
        '[]'
      )
      from dpg.item_searches s
      where s.item_network = network_contents.network
    ),
    'subscriptions', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object(
            'subscription', s.subscription, 'kind', s.kind, 'partition_network', s.partition_network,
            'action_type', s.action_type, 'source_item_instance_url', s.source_item_instance_url,
            'item_network', s.item_network, 'item_domain', s.item_domain, 'item_type', s.item_type
          )
          order by s.subscription collate "C"
        ),
        '[]'
      )
      from dpg.subscriptions s
      where coalesce(s.partition_network, s.item_network, network_contents.network) = network_contents.network
    ),
    'instance_urls', (
      select coalesce(jsonb_agg(distinct s.instance_url), '[]') from dpg_private.instance_url_sightings s
    ),
    'peer_urls', (select coalesce(jsonb_agg(distinct s.instance_url), '[]') from dpg_private.peer_url_sightings s),
    'redactions', (
      select coalesce(
        jsonb_agg(to_jsonb(r) || jsonb_build_object('differing', to_jsonb(d)) order by r.redaction_id), '[]'
      )
      from dpg.redactions r
      left join dpg.differing_events d on d.redaction_id = r.redaction_id
      where r.partition_network = network_contents.network
        or r.kind = 'move'
    )
  );
end
$body$;

comment on function dpg_private.network_contents(text) is
  'All that belongs to a network but its rows in the roots, as one document: its leaves, its registered document, rules,
definitions, searches, the subscriptions that cover it, the URLs of this instance and of others, and what is on record
of its events and of items that were moved from user to user.';
