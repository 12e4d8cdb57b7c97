create or replace function dpg.move_items(actor text, from_user text, to_user text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  redaction dpg.redactions;
begin
  -- check. Each leaf must be read as it is now, as in dpg.erase_user.
  perform
    dpg_private.check_transaction('dpg.move_items'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('from_user', from_user),
    dpg_private.check_key('to_user', to_user),
    dpg_private.check_reason(reason);
  if from_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'from_user', to_jsonb(from_user), 'stands for erased users',
      'What was erased goes to nobody; pass the id of a user.'
    );
  end if;
  if to_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'to_user', to_jsonb(to_user), 'stands for erased users', 'Pass the id of a user, or call dpg.erase_user.'
    );
  end if;
  if to_user = from_user then
    perform dpg_private.refuse_argument(
      'to_user', to_jsonb(to_user), 'is from_user', 'Pass the ids of two users.'
    );
  end if;

  -- lock: one move or erasure at a time
  lock table dpg.redactions in share update exclusive mode;
  perform dpg_private.check_user(to_user);
  -- A user whose row is deleted already may have left traces. So the user must exist only when there are none.
  if not exists (select from dpg_private.party_leaves p where p.owner = move_items.from_user)
    and not exists (select from dpg_private.owner_leaves o where o.owner = move_items.from_user)
  then
    perform dpg_private.check_user(from_user);
  end if;
  -- Table and from_user are locked as in dpg.erase_user, and for the same reasons. The lock of to_user keeps that user
  -- from being deleted before this is committed.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = move_items.from_user for update;
    perform u.id from public."user" u where u.id = move_items.to_user for key share;
    perform dpg_private.check_user(to_user);
  end if;

  -- change. The record comes first: without it the triggers refuse every change of an event.
  insert into dpg.redactions (actor, kind, reason, from_user, to_user)
  values (move_items.actor, 'move', move_items.reason, move_items.from_user, move_items.to_user)
  returning * into redaction;
  perform dpg_private.replace_owner(from_user, to_user, false);
  -- The rows of from_user stay. This user may go on acting, and a call of theirs may have found such a row just now.
  insert into dpg_private.party_leaves (owner, partition_network, action_type)
  select distinct move_items.to_user, p.partition_network, p.action_type
  from dpg_private.party_leaves p
  where p.owner = move_items.from_user
    and not exists (
      select
      from dpg_private.party_leaves t
      where t.owner = move_items.to_user
        and t.partition_network = p.partition_network
        and t.action_type = p.action_type
    );
  return redaction;
end
$body$;

comment on function dpg.move_items(text, text, text, text) is
  'For dpg_admin: moves the items of from_user to to_user, as when an anonymous user signs up. Puts to_user in the place
of from_user as owner of items, and in the owner snapshots of actions and events of this instance; and in performed_by
of those. Keeps on record who asked for it, why, and both users. Returns that record. What from_user has carried out for
others stays as it is.
Afterwards to_user finds, changes and transitions what from_user did. from_user stays a user and may be deleted.
An action on another instance keeps from_user as its owner there. Name from_user in what is sent to that instance
(dpg.receive_transition). Here to_user finds its events.
Reads every leaf, each as it is when its turn comes. So it runs under READ COMMITTED only (25000).
Raises DP001, DP009, DP018.
Example: select * from dpg.move_items(''dba'', ''ravi'', ''asha'', ''one person with two accounts'')';
