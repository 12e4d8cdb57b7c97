create or replace function dpg_private.turn_of_owner(owner text, item_network text)
returns uuid
language sql
immutable
parallel safe
security invoker
return dpg_private.turn_of(jsonb_build_array('owner', item_network, owner));

comment on function dpg_private.turn_of_owner(text, text) is
  'The turn of the items that a user has in a network. Of all types, so that dpg.erase_user knows each that there can
be.';

create or replace function dpg_private.forget_turns_of_owner(owner text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from dpg_private.rule_turns t
  where t.turn in (
    select dpg_private.turn_of_owner(owner, n.network) from unnest(dpg_private.ruled_networks()) n(network)
  );
end
$body$;

comment on function dpg_private.forget_turns_of_owner(text) is
  'Takes away the turns of a user who is erased: they are hashes of the id.';

create or replace function dpg_private.check_item_limits(owner text, items dpg.item_ref[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  networks constant text[] := array(
    select distinct i.item_network from unnest(items) i where i.item_network = any (dpg_private.ruled_networks())
  );
  limited record;
  present record; -- the items that count, and how many of them are new
begin
  -- look
  perform dpg_private.check_rules_are_seen(n.network) from unnest(networks) n(network) order by n.network;
  items := array(
    select i
    from unnest(items) i
    join dpg.network_rules n on n.network = i.item_network
    where dpg_private.rules_in_force(n.rules, n.registered_rules) ? 'max_items_per_owner'
  );
  if items = '{}' then
    return;
  end if;

  -- lock
  perform dpg_private.take_turns(
    array(
      select dpg_private.turn_of_owner(owner, i.item_network) from unnest(items) i
    )
  );

  -- count what is there now, the new ones as well
  for limited in
    select i.item_network, i.item_domain, i.item_type, array_agg(i.item_id) as new_ids,
      max((dpg_private.rules_in_force(n.rules, n.registered_rules) -> 'max_items_per_owner')::integer) as max_count,
      max(d.statuses::text)::jsonb as statuses
    from unnest(items) with ordinality i(item_network, item_domain, item_type, item_id, number)
    join dpg.network_rules n on n.network = i.item_network
    left join dpg.item_definitions d on d.item_network = i.item_network and d.item_domain = i.item_domain
    group by i.item_network, i.item_domain, i.item_type
    order by min(i.number)
  loop
    execute format(
      'select count(*) as items, count(*) filter (where i.item_id = any ($4)) as new_items
       from %s i
       where i.created_by = $1
         and i.item_type = $2
         and dpg_private.is_final_status($3, i.item_status) is not true',
      dpg_private.find_leaf('items', limited.item_network, limited.item_domain)
    )
    into present
    using owner, limited.item_type, limited.statuses, limited.new_ids;
    -- new ones in a final status add nothing
    if present.items > limited.max_count and present.new_items > 0 then
      perform dpg_private.raise_refusal(
        dpg_private.limit_refusal(
          'max_items_per_owner', limited.max_count, present.items - present.new_items,
          format(
            'user %L has %s items %L in %L/%L', owner, present.items - present.new_items, limited.item_type,
            limited.item_network, limited.item_domain
          ),
          'Change an item that is there, delete one, or set one to a final status.',
          jsonb_build_object(
            'actor', owner, 'item_network', limited.item_network, 'item_domain', limited.item_domain,
            'item_type', limited.item_type
          )
        )
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_item_limits(text, dpg.item_ref[]) is
  'Raises DP016 where a user has more items of a type than dpg.define_network allows. items are new ones of his, which
are written already. Items in a final status do not count. For networks of dpg_private.ruled_networks.';
