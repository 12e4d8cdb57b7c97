create or replace function dpg_private.ensure_tombstone()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  columns text;
  contents text;
begin
  if exists (select from public."user" u where u.id = dpg_private.tombstone()) then
    return;
  end if;
  -- The table may lack some of Better Auth's core columns. Only those that it has are written.
  select
    string_agg(format('%I', c.name), ', ' order by c.position),
    string_agg(c.content, ', ' order by c.position)
  into columns, contents
  from (
    values
      (1, 'id', quote_literal(dpg_private.tombstone())),
      (2, 'name', '''Erased user'''),
      (3, 'email', '''erased-user@invalid'''),
      (4, 'emailVerified', 'false'),
      (5, 'createdAt', 'current_timestamp'),
      (6, 'updatedAt', 'current_timestamp')
  ) c(position, name, content)
  join pg_attribute a
    on a.attrelid = 'public."user"'::regclass
    and a.attname = c.name
    and not a.attisdropped;
  begin
    execute format('insert into public."user" (%s) values (%s) on conflict do nothing', columns, contents);
    -- A conflict: either another call has created the user, or another user has the address.
    if not exists (select from public."user" u where u.id = dpg_private.tombstone()) then
      raise unique_violation using message = 'another user has the e-mail address erased-user@invalid';
    end if;
  exception
    when insufficient_privilege or not_null_violation or check_violation or foreign_key_violation or unique_violation
    then
      raise exception using
        errcode = 'DP009',
        message = dpg_private.text_for_client(
          format(
            'the user %L, who stands for erased users, is missing and cannot be made: %s',
            dpg_private.tombstone(), sqlerrm
          )
        ),
        hint = dpg_private.text_for_client(
          format('Create a user with the id %L in public."user", then repeat the call.', dpg_private.tombstone())
        ),
        detail = dpg_private.text_for_client(jsonb_build_object('actor', dpg_private.tombstone())::text);
  end;
end
$body$;

comment on function dpg_private.ensure_tombstone() is
  'Creates the user who stands for erased users, where it is missing. Raises DP009 where that is impossible.';

create or replace function dpg.erase_user(actor text, user_id text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  redaction dpg.redactions;
begin
  -- check. Each leaf must be read as it is now: an older snapshot would silently leave out what was written since.
  perform
    dpg_private.check_transaction('dpg.erase_user'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('user_id', user_id),
    dpg_private.check_reason(reason);
  if user_id = tombstone then
    perform dpg_private.refuse_argument(
      'user_id', to_jsonb(user_id), 'stands for erased users', 'Pass the id of a user.'
    );
  end if;

  -- lock: one erasure at a time, so that each sees which users the records of the others name
  lock table dpg.redactions in share update exclusive mode;
  -- A user whose row is deleted already may have left traces. So the user must exist only when there are none.
  if not exists (select from dpg_private.party_leaves p where p.owner = erase_user.user_id)
    and not exists (select from dpg_private.owner_leaves o where o.owner = erase_user.user_id)
    and not exists (select from dpg.redactions r where erase_user.user_id in (r.actor, r.from_user, r.to_user))
    and not exists (select from public."user" u where u.id = erase_user.user_id)
    and not dpg_private.has_performed(user_id)
  then
    perform dpg_private.check_user(user_id);
  end if;
  -- The lock of the user waits for calls that are creating items of this user: their foreign key locks the user. Later
  -- calls wait for it. So no item comes between erasing and deleting the user in one transaction.
  -- The table is locked first, in the mode that the deletion needs: a call that creates a partition holds the table
  -- while it waits for the user.
  -- Where the table belongs to the application and we may only read it, an item can be created meanwhile. It stays, and
  -- keeps the user from being deleted until a second call erases it.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = erase_user.user_id for update;
  end if;
  perform dpg_private.ensure_tombstone();

  -- change. The record comes first: without it the triggers refuse every change of an event. It does not say who was
  -- erased.
  insert into dpg.redactions (actor, kind, reason)
  values (
    case erase_user.actor when erase_user.user_id then tombstone else erase_user.actor end,
    'user',
    erase_user.reason
  )
  returning * into redaction;

  perform dpg_private.replace_owner(user_id, tombstone, true);
  delete from dpg_private.party_leaves p where p.owner = erase_user.user_id;
  delete from dpg_private.owner_leaves o where o.owner = erase_user.user_id;
  perform dpg_private.forget_turns_of_owner(user_id);
  update dpg.redactions r
  set actor = case r.actor when erase_user.user_id then tombstone else r.actor end,
    from_user = case r.from_user when erase_user.user_id then tombstone else r.from_user end,
    to_user = case r.to_user when erase_user.user_id then tombstone else r.to_user end
  where erase_user.user_id in (r.actor, r.from_user, r.to_user);
  return redaction;
end
$body$;

comment on function dpg.erase_user(text, text, text) is
  'For dpg_admin: erases a user, so that the row in public."user" can be deleted; delete it in the same transaction.
Empties the items of the user (item_state and coordinates). Puts the tombstone user dpg_erased_user in the place of
the user: as owner of items, in the owner snapshots of actions and events, in their performed_by, and in dpg.redactions.
Keeps on record who asked for it and why. Returns that record. user_id may also be somebody who is no user here but
stands in performed_by.
What the user wrote into payloads and remarks stays: use dpg.redact_event for that.
Reads every leaf, each as it is when its turn comes. So it runs under READ COMMITTED only (25000).
Raises DP001, DP009, DP018.
Example: select * from dpg.erase_user(''dpo'', ''asha'', ''request 18 under article 17'')';
