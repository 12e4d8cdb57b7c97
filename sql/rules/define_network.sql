create or replace function dpg_private.store_network_rules(network text, rules jsonb, registered_rules jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if rules is null and registered_rules is null then
    delete from dpg.network_rules n
    where n.network = store_network_rules.network;
  else
    insert into dpg.network_rules as n (network, rules, registered_rules)
    values (network, rules, registered_rules)
    on conflict on constraint network_rules_pkey do update
    set rules = excluded.rules,
      registered_rules = excluded.registered_rules
    where (n.rules, n.registered_rules) is distinct from (excluded.rules, excluded.registered_rules);
  end if;
  perform dpg_private.note_changed_rules(network);
end
$body$;

comment on function dpg_private.store_network_rules(text, jsonb, jsonb) is
  'Writes the rules of a network; its row goes where there are none. For a caller that has the turn of its rules.';

create or replace function dpg.define_network(network text, rules jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.network_rules;
begin
  perform
    dpg_private.check_key('network', network),
    dpg_private.check_here(network);
  if rules is not null then
    perform dpg_private.check_rules(rules, array['max_open_per_pair', 'different_owners', 'max_items_per_owner']);
  end if;
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  select n.* into stored from dpg.network_rules n where n.network = define_network.network;
  perform dpg_private.store_network_rules(network, nullif(rules, '{}'), stored.registered_rules);
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(network);
end
$body$;

comment on function dpg.define_network(text, jsonb) is
  'For dpg_admin. Sets the rules of a network, in place of those that were set before. rules is an object with some of:
max_open_per_pair (how many actions of all types may be open between two items, whichever is the source),
different_owners (true: the two items of an action are of different owners, where both are of this instance),
max_items_per_owner (how many items of one domain and type a user may have; items in a final status do not count).
Limits are 1 to 1,000,000. A null among the rules takes back what the registered document sets. {} and null: no rules
but those of the document. New actions and items obey from the next call on (DP016); what is there stays.
dpg.store_event checks no rule, nor does dpg.move_items.
Raises DP001.
Example: select dpg.define_network(''yellow_dot'', ''{"max_open_per_pair": 3, "max_items_per_owner": 5}'')';
