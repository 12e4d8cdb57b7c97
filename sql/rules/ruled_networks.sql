-- Which networks have, or have had, rules: a constant of whoever asks, so that calls in other networks look up nothing,
-- and so that a call sees a network that got its first rule after the call's snapshot. None is taken out: under an
-- older snapshot there may still be rules.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.ruled_networks()') is null then
    create function dpg_private.ruled_networks()
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

comment on function dpg_private.ruled_networks() is
  'The networks with rules in dpg.action_definitions or dpg.network_rules, or where there were some. Inlined: a
constant.';

create or replace function dpg_private.turn_of_rules(network text)
returns uuid
language sql
immutable
parallel safe
security invoker
return dpg_private.turn_of(jsonb_build_array('rules', network));

comment on function dpg_private.turn_of_rules(text) is
  'The turn that is taken by whoever changes rules of a network.';

create or replace function dpg_private.note_changed_rules(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  if network = any (dpg_private.ruled_networks()) then
    return;
  end if;
  -- one at a time: two would change the same function. In the mode that lets those who only define go on
  lock table dpg.network_rules in share update exclusive mode;
  if network = any (dpg_private.ruled_networks()) then
    return;
  end if;
  execute format(
    'create or replace function dpg_private.ruled_networks()
     returns text[]
     language sql
     stable
     parallel safe
     security invoker
     return %L::text[]',
    dpg_private.ruled_networks() || network
  );
end
$body$;

comment on function dpg_private.note_changed_rules(text) is
  'Adds a network to dpg_private.ruled_networks, and lets calls with an older snapshot notice that its rules changed.';

create or replace function dpg_private.check_rules_are_seen(network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    -- 40001 where the row is newer than the snapshot
    insert into dpg_private.rule_turns (turn, taken_at)
    values (dpg_private.turn_of_rules(network), clock_timestamp())
    on conflict do nothing;
  end if;
end
$body$;

comment on function dpg_private.check_rules_are_seen(text) is
  'In repeatable read and serializable: 40001 where the rules of a network have changed since the snapshot was taken.';
