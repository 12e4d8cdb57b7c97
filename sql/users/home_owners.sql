create table if not exists dpg_private.home_owners (
  note uuid not null default gen_random_uuid(),
  owner text not null,
  item_network text not null,
  item_domain text not null,
  constraint home_owners_pkey primary key (note)
);

create index if not exists home_owners_owner_idx
on dpg_private.home_owners (owner);

comment on table dpg_private.home_owners is
  'Who owns items on a home to which the users are only copied: a row for each row of dpg_private.owner_leaves there,
replicated to the home of the users (dpg_owners), where it keeps them from being deleted. Empty where all networks have
one home.';
comment on column dpg_private.home_owners.note is
  'Tells apart what two homes have noted, and what two transactions at once have noted twice.';
comment on column dpg_private.home_owners.owner is 'The user: created_by of an item.';
comment on column dpg_private.home_owners.item_network is 'Network of the item.';
comment on column dpg_private.home_owners.item_domain is 'Domain of the item.';
comment on constraint home_owners_pkey on dpg_private.home_owners is 'By which replication finds the row again.';
comment on index dpg_private.home_owners_pkey is 'For replication.';
comment on index dpg_private.home_owners_owner_idx is 'For who deletes a user.';

create or replace function dpg_private.note_home_owner()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'INSERT' then
    insert into dpg_private.home_owners (owner, item_network, item_domain)
    values (new.owner, new.item_network, new.item_domain);
  else
    delete from dpg_private.home_owners h
    where h.owner = old.owner
      and h.item_network = old.item_network
      and h.item_domain = old.item_domain;
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_home_owner() is
  'Trigger of dpg_private.owner_leaves on a home to which the users are only copied: keeps dpg_private.home_owners, from
which the home of the users hears of it. Fires for what is replicated here as well.';

create or replace function dpg_private.find_other_homes(owner text)
returns table (network text, server text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select distinct o.item_network, h.server
    from dpg_private.home_owners o
    left join dpg.homes h on h.network = o.item_network
    where o.owner = find_other_homes.owner
      -- a network that was moved back has a foreign key here again
      and not exists (
        select
        from dpg_private.partition_names p
        where p.root = 'items'
          and p.network = o.item_network
          and p.key is not null
          and not p.is_closed
          and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
      )
    order by o.item_network;
end
$body$;

comment on function dpg_private.find_other_homes(text) is
  'On the home of the users: the networks on other homes in which a user has, or has had, items, and where they live;
server is null where dpg.homes does not say it.';

create or replace function dpg_private.refuse_owner_elsewhere()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  homes jsonb;
begin
  if tg_op = 'UPDATE' and new.id = old.id
    or not exists (select from dpg_private.home_owners o where o.owner = old.id) -- nearly everybody
  then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  select jsonb_agg(jsonb_build_object('network', f.network, 'server', f.server))
  into homes
  from dpg_private.find_other_homes(old.id) f;
  if homes is null then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  raise foreign_key_violation using
    message = dpg_private.text_for_client(format(
      'user %L has items on another server: %s', old.id,
      (
        select string_agg(
          format(
            'network %L on %s', h.home ->> 'network', coalesce(h.home ->> 'server', 'a server that dpg.homes lacks')
          ),
          ', '
        )
        from jsonb_array_elements(homes) h(home)
      )
    )),
    hint = dpg_private.text_for_client(format(
      'Run dpg.erase_user for %L on each of these servers; the user can be deleted here as soon as this server has '
        'heard of it.', old.id
    )),
    detail = dpg_private.text_for_client(jsonb_build_object('user_id', old.id, 'homes', homes)::text),
    schema = 'public',
    table = 'user';
end
$body$;

comment on function dpg_private.refuse_owner_elsewhere() is
  'Trigger of public."user" on the home of the users: what the foreign key of dpg.items does for items that are here, it
does for those of networks that live elsewhere. Refuses to delete their owner, or to change the id (23503).';

create or replace function dpg_private.guard_users()
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
    select
    from pg_trigger t
    where t.tgrelid = 'public."user"'::regclass
      and t.tgname = 'user_owns_elsewhere'
  ) then
    return;
  end if;
  -- by execute: not every database has it, and doctor takes what stands here as a statement for what each one has
  execute
    'create trigger user_owns_elsewhere before delete or update of id on public."user" for each row '
      'execute function dpg_private.refuse_owner_elsewhere()';
  comment on trigger user_owns_elsewhere on public."user" is
    'Users who own items of a network that lives on another server are not deleted (23503).';
end
$body$;

comment on function dpg_private.guard_users() is
  'On the home of the users, when the first network moves away: a user who has items elsewhere can no longer be deleted.
Locks public."user" (SHARE ROW EXCLUSIVE) where the trigger is missing. The caller owns that table, or may create
triggers on it. Every other home has called dpg_private.guard_copied_users, publishes dpg_private.home_owners, and is
subscribed to here.';
