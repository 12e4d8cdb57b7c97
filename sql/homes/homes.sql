create table if not exists dpg.homes (
  network text not null,
  server text not null,
  since timestamptz not null default clock_timestamp(),
  constraint homes_pkey primary key (network),
  constraint homes_network_check check (length(network) between 1 and 120),
  constraint homes_server_check check (length(server) between 1 and 2000)
);

comment on table dpg.homes is
  'Networks whose home is another server: a call that names one is DP017. Written by the command dpg-database move; by
hand, for a network that has never been here, as dpg_admin. A network with leaves that calls reach cannot be put here.';
comment on column dpg.homes.network is 'Network, exactly as given.';
comment on column dpg.homes.server is
  'Where it lives: postgres://host:port/database without user and password, since every caller gets to see it.';
comment on column dpg.homes.since is 'Since when.';
comment on constraint homes_pkey on dpg.homes is 'One home of each network.';
comment on constraint homes_network_check on dpg.homes is 'As long as a key may be.';
comment on constraint homes_server_check on dpg.homes is 'As long as a URL may be.';
comment on index dpg.homes_pkey is 'For the refusal, which says where the network lives.';

-- Which networks live elsewhere: a constant of whoever asks, so that other calls look up nothing.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.moved_networks()') is null then
    create function dpg_private.moved_networks()
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

comment on function dpg_private.moved_networks() is
  'The networks in dpg.homes. Inlined: a constant. Created anew by the trigger of that table.';

create or replace function dpg_private.note_moved_networks()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  network text;
  freed text[];
begin
  -- one at a time: two would change the same function
  lock table dpg.homes in share row exclusive mode;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' then
    select p.network
    into network
    from dpg_private.partition_names p
    join dpg.homes h on h.network = p.network
    where not p.is_closed
      and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
    order by p.network
    limit 1;
    if found then
      perform dpg_private.refuse_argument(
        'network', to_jsonb(network), 'lives here', 'Move it to its new home: npx dpg-database move.'
      );
    end if;
  else
    select p.network
    into network
    from dpg_private.partition_names p
    where p.is_closed
      and p.network <> all (array(select h.network from dpg.homes h))
      and pg_partition_root(to_regclass('dpg.' || p.name)) is not null
    order by p.network
    limit 1;
    if found then
      perform dpg_private.refuse_argument(
        'network', to_jsonb(network), 'has closed leaves here',
        'They end with the move: npx dpg-database move, with --finish or --abort.'
      );
    end if;
  end if;

  -- names of leaves that are gone can be used again
  with changed as (
    update dpg_private.partition_names p
    set is_closed = false
    where p.is_closed
      and p.network <> all (array(select h.network from dpg.homes h))
    returning p.root
  )
  select array_agg(distinct c.root) into freed from changed c;
  perform dpg_private.create_slot_functions(f.root) from unnest(freed) f(root);
  execute format(
    'create or replace function dpg_private.moved_networks()
     returns text[]
     language sql
     stable
     parallel safe
     security invoker
     return %L::text[]',
    array(select h.network from dpg.homes h order by h.network collate "C")
  );
  return null;
end
$body$;

comment on function dpg_private.note_moved_networks() is
  'Trigger: creates dpg_private.moved_networks anew. Refuses a home for a network that calls reach here, and to forget
the home of one whose closed leaves are still here (DP001).';

do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.homes'::pg_catalog.regclass
      and t.tgname = 'homes_note_moved_networks'
  ) then
    create trigger homes_note_moved_networks
    after insert or update or delete or truncate on dpg.homes
    for each statement
    execute function dpg_private.note_moved_networks();
  end if;
end
$body$;

comment on trigger homes_note_moved_networks on dpg.homes is 'Keeps dpg_private.moved_networks.';
