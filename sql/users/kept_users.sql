create table if not exists dpg_private.kept_users (
  id text not null,
  kept_at timestamptz not null default clock_timestamp(),
  constraint kept_users_pkey primary key (id)
);

comment on table dpg_private.kept_users is
  'Users who were deleted on their home while they owned items here. Replication checks no foreign key, so a trigger has
kept their rows, without what they said of the user. doctor reports them: erase such a user here, then delete the row.';
comment on column dpg_private.kept_users.id is 'The user.';
comment on column dpg_private.kept_users.kept_at is 'When the row was kept.';
comment on constraint kept_users_pkey on dpg_private.kept_users is 'A user once.';
comment on index dpg_private.kept_users_pkey is 'For replication, which may bring a user of that id again.';

create or replace function dpg_private.owns_items(owner text)
returns boolean
language plpgsql
volatile -- as it is now: what has waited for the row of the user sees what it has waited for
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  is_found boolean;
begin
  for leaf in
    select distinct to_regclass('dpg.' || p.name)
    from dpg_private.owner_leaves o
    join dpg_private.partition_names p
      on p.root = 'items'
      and p.network = o.item_network
      and p.key = o.item_domain
    where o.owner = owns_items.owner
      and pg_partition_root(to_regclass('dpg.' || p.name)) = 'dpg.items'::regclass
  loop
    execute format('select exists (select from %s i where i.created_by = $1)', leaf)
    into is_found
    using owner;
    if is_found then
      return true;
    end if;
  end loop;
  return false;
end
$body$;

comment on function dpg_private.owns_items(text) is
  'Whether a user owns items here, in closed leaves as well.';

create or replace function dpg_private.blank_user(id text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  blanks text;
begin
  select string_agg(
    format(
      '%I = %s', a.attname,
      case when a.attnotnull then format('$2::%s', format_type(a.atttypid, a.atttypmod)) else 'null' end
    ),
    ', ' order by a.attnum
  )
  into blanks
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  where a.attrelid = 'public."user"'::regclass
    and a.attnum > 0
    and not a.attisdropped
    and a.attgenerated = ''
    and a.attidentity = ''
    and a.attname <> 'id'
    and (not a.attnotnull or t.typcategory = 'S');
  if blanks is not null then
    execute format('update public."user" u set %s where u.id = $1', blanks)
    using id, 'deleted-' || md5(id) || '@invalid';
  end if;
exception
  when integrity_constraint_violation or data_exception or raise_exception then
    -- a rule of the application: the row stays as it is, and replication goes on
    null;
end
$body$;

comment on function dpg_private.blank_user(text) is
  'Takes name, e-mail and whatever else is text or may be null out of the row of a user. So somebody who signs up with
the same e-mail afterwards does not meet the row.';

create or replace function dpg_private.keep_owner()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'INSERT' then
    if new.id = dpg_private.tombstone()
      and exists (select from public."user" u where u.id = new.id)
    then
      return null; -- erase_user has created it here as well
    end if;
    if exists (select from dpg_private.kept_users k where k.id = new.id) then
      -- a user of the same id was created again: the row that was kept gives way
      delete from public."user" u where u.id = new.id;
      delete from dpg_private.kept_users k where k.id = new.id;
    end if;
    return new;
  end if;

  if exists (select from dpg_private.kept_users k where k.id = old.id)
    or not dpg_private.owns_items(old.id)
  then
    return old;
  end if;
  perform dpg_private.blank_user(old.id);
  insert into dpg_private.kept_users (id) values (old.id);
  return null;
end
$body$;

comment on function dpg_private.keep_owner() is
  'Trigger of public."user" on a home to which the users are only copied, for what replication does alone: a user who
owns items here is not deleted but kept, without name and e-mail. So no item is left without its owner, and replication
goes on.';

create or replace function dpg_private.guard_copied_users()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from pg_trigger t
    where t.tgrelid = 'public."user"'::regclass
      and t.tgname = 'user_keep_owner'
  ) then
    -- by execute, as in dpg_private.guard_users
    execute
      'create trigger user_keep_owner before insert or delete on public."user" for each row '
        'execute function dpg_private.keep_owner()';
    alter table public."user" enable replica trigger user_keep_owner;
    comment on trigger user_keep_owner on public."user" is
      'Of what replication brings: a user who owns items here is kept when the home of the users deletes the row.';
  end if;

  if not exists (
    select
    from pg_trigger t
    where t.tgrelid = 'dpg_private.owner_leaves'::regclass
      and t.tgname = 'owner_leaves_note_home_owner'
  ) then
    execute
      'create trigger owner_leaves_note_home_owner after insert or delete on dpg_private.owner_leaves for each row '
        'execute function dpg_private.note_home_owner()';
    -- what replication writes fires the trigger that notes owners, which fires this one
    execute 'alter table dpg_private.owner_leaves enable always trigger owner_leaves_note_home_owner';
    comment on trigger owner_leaves_note_home_owner on dpg_private.owner_leaves is
      'Keeps dpg_private.home_owners, by which the home of the users learns who owns items here.';
    insert into dpg_private.home_owners (owner, item_network, item_domain)
    select o.owner, o.item_network, o.item_domain
    from dpg_private.owner_leaves o;
  end if;
end
$body$;

comment on function dpg_private.guard_copied_users() is
  'On a home to which the users are only copied, before it subscribes to them: keeps users who own items here, and notes
who does, for the home of the users. Locks public."user" and dpg_private.owner_leaves (SHARE ROW EXCLUSIVE) where the
triggers are missing. The caller owns public."user", or may create triggers on it.';

create or replace function dpg_private.unguard_copied_users()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  drop trigger if exists user_keep_owner on public."user";
  drop trigger if exists owner_leaves_note_home_owner on dpg_private.owner_leaves;
  delete from dpg_private.home_owners;
end
$body$;

comment on function dpg_private.unguard_copied_users() is
  'Takes away what dpg_private.guard_copied_users has created, where nobody owns items yet: when the first move to a
server is aborted. Locks public."user" and dpg_private.owner_leaves (ACCESS EXCLUSIVE).';
