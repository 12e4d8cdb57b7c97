create or replace function dpg_private.open_leaf_again(leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  trigger_name name;
begin
  for trigger_name in
    select t.tgname
    from pg_trigger t
    where t.tgrelid = leaf
      and t.tgname in ('items_note_owner', 'item_actions_note_parties', 'action_events_note_parties')
      and t.tgenabled = 'A'
  loop
    execute format('alter table %s enable trigger %I', leaf, trigger_name);
  end loop;
  if exists (select from pg_trigger t where t.tgrelid = leaf and t.tgname = 'action_events_immutable') then
    execute format('alter table %s enable always trigger action_events_immutable', leaf);
  end if;
  begin
    execute format('lock table only %s in access exclusive mode nowait', leaf);
    execute format('drop trigger if exists network_closed on %s', leaf);
  exception
    when lock_not_available then
      -- a dump reads the leaf: nobody waits for it
      execute format('alter table %s disable trigger network_closed', leaf);
  end;
  execute format('alter table %s reset (autovacuum_enabled)', leaf);
end
$body$;

comment on function dpg_private.open_leaf_again(regclass) is
  'Gives a leaf of dpg_private.receive_leaf the triggers that every leaf has.';

create or replace function dpg_private.take_definitions(network text, contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  delete from dpg.networks n where n.network = take_definitions.network;
  insert into dpg.networks select n.* from jsonb_populate_recordset(null::dpg.networks, contents -> 'networks') n;
  delete from dpg.network_rules r where r.network = take_definitions.network;
  insert into dpg.network_rules
  select r.* from jsonb_populate_recordset(null::dpg.network_rules, contents -> 'network_rules') r;
  delete from dpg.action_definitions d where d.partition_network = take_definitions.network;
  insert into dpg.action_definitions
  select d.* from jsonb_populate_recordset(null::dpg.action_definitions, contents -> 'action_definitions') d;
  delete from dpg.item_definitions d where d.item_network = take_definitions.network;
  insert into dpg.item_definitions
  select d.* from jsonb_populate_recordset(null::dpg.item_definitions, contents -> 'item_definitions') d;
  if contents -> 'item_definitions' <> '[]' then
    perform dpg_private.note_defined_network(network);
  end if;
  if exists (
      select
      from dpg.action_definitions d
      where d.partition_network = take_definitions.network
        and num_nonnulls(d.rules, d.registered_rules) > 0
    )
    or exists (select from dpg.network_rules r where r.network = take_definitions.network)
  then
    perform dpg_private.note_changed_rules(network);
  end if;
end
$body$;

comment on function dpg_private.take_definitions(text, jsonb) is
  'On the receiver: the registered document, the rules and the definitions of a network, as contents
(dpg_private.network_contents) has them.';

create or replace function dpg_private.take_records(contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  given record;
  noted bigint;
begin
  for given in
    select r.*, r.differing as event
    from jsonb_to_recordset(contents -> 'redactions') r(
      redaction_id bigint, redacted_at timestamptz, actor text, database_role text, kind text, reason text,
      partition_network text, action_type text, action_id uuid, event_id uuid, from_user text, to_user text,
      differing jsonb
    )
    order by r.redaction_id
  loop
    continue when exists (
      select
      from dpg.redactions r
      where (r.redacted_at, r.kind, r.actor, r.reason) = (given.redacted_at, given.kind, given.actor, given.reason)
        and (r.partition_network, r.action_type, r.action_id, r.event_id, r.from_user, r.to_user)
          is not distinct from (
            given.partition_network, given.action_type, given.action_id, given.event_id, given.from_user, given.to_user
          )
    );
    -- a record of this transaction: the number of the one on the sender means nothing here
    insert into dpg.redactions (
      redacted_at, actor, database_role, kind, reason, partition_network, action_type, action_id, event_id, from_user,
      to_user
    )
    values (
      given.redacted_at, given.actor, given.database_role, given.kind, given.reason, given.partition_network,
      given.action_type, given.action_id, given.event_id, given.from_user, given.to_user
    )
    returning redaction_id into noted;
    insert into dpg.differing_events
    select d.*
    from jsonb_populate_record(
      null::dpg.differing_events, given.event || jsonb_build_object('redaction_id', noted)
    ) d
    where given.event <> 'null';
  end loop;
end
$body$;

comment on function dpg_private.take_records(jsonb) is
  'On the receiver: what contents (dpg_private.network_contents) has on record of redactions, of users who took the
place of others, and of events that were accepted though they differ. What is on record already is left as it is.';

create or replace function dpg_private.take_subscriptions(contents jsonb)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
begin
  for wanted in
    select s.*
    from jsonb_to_recordset(contents -> 'subscriptions') s(
      subscription text, kind text, partition_network text, action_type text, source_item_instance_url text,
      item_network text, item_domain text, item_type text
    )
    where not exists (select from dpg.subscriptions o where o.subscription = s.subscription)
  loop
    if wanted.kind = 'events' then
      perform dpg.create_subscription(
        wanted.subscription, wanted.partition_network, wanted.action_type, wanted.source_item_instance_url
      );
    else
      perform dpg.create_item_subscription(
        wanted.subscription, wanted.item_network, wanted.item_domain, wanted.item_type
      );
    end if;
    return next wanted.subscription;
  end loop;
end
$body$;

comment on function dpg_private.take_subscriptions(jsonb) is
  'On the receiver, in the transaction that opens a network: creates the subscriptions that cover it on the sender,
where none of that name is here, so that no event of the network is made before them. Returns the names of those that it
created. One to items begins anew: it gets what changes from now on.';

create or replace function dpg_private.open_network(network text, contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  created text[]; -- subscriptions
begin
  perform dpg_private.take_partition_turn('items', network, null);
  if not exists (
    select
    from dpg_private.moves m
    where m.network = open_network.network
      and m.direction = 'in'
      and m.step <> 'opened'
  ) then
    return; -- was done: what has changed here since is not taken back
  end if;
  perform dpg_private.take_definitions(network, contents);
  perform dpg_private.take_searches(network, contents);
  insert into dpg_private.instance_url_sightings (instance_url)
  select u.url
  from jsonb_array_elements_text(contents -> 'instance_urls') u(url)
  where not exists (select from dpg_private.instance_url_sightings s where s.instance_url = u.url);
  insert into dpg_private.peer_url_sightings (instance_url)
  select u.url
  from jsonb_array_elements_text(contents -> 'peer_urls') u(url)
  where not exists (select from dpg_private.peer_url_sightings s where s.instance_url = u.url);
  perform dpg_private.take_records(contents);
  perform dpg_private.open_leaf_again(l.leaf) from dpg_private.find_leaves_of_network(network) l;
  perform dpg_private.set_closed(network, false);
  delete from dpg.homes h where h.network = open_network.network;
  created := array(select s from dpg_private.take_subscriptions(contents) s);
  if exists (select from dpg_private.find_leaves_to_follow(network, null)) then
    -- subscriptions to items that are older than the move
    perform
      dpg_private.take_following_turn('of ' || network),
      dpg_private.follow_leaves('of ' || network, network, null);
  end if;
  perform dpg_private.note_step(network, 'opened', jsonb_build_object('subscriptions', created));
end
$body$;

comment on function dpg_private.open_network(text, jsonb) is
  'On the receiver: from its commit on the network lives here. contents: dpg_private.network_contents of the sender,
read when nobody could write there any more. The caller has made sure that everything has arrived. Raises DP010.';
