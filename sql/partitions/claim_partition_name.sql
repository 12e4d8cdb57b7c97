create or replace function dpg_private.find_renamed_partition(root text, network text, key text)
returns regclass
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select c.oid::regclass
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = case
        when key is null then ('dpg.' || root)::regclass
        else (
          select to_regclass('dpg.' || p.name)
          from dpg_private.partition_names p
          where p.root = find_renamed_partition.root
            and p.network = find_renamed_partition.network
            and p.key is null
        )
      end
      and not i.inhdetachpending
      -- a network's own partition is a partitioned table, and its leaves are plain tables
      and c.relkind = case when key is null then 'p' else 'r' end
      -- PostgreSQL writes a bound in this form, and never with E''
      and pg_get_expr(c.relpartbound, c.oid)
        = 'FOR VALUES IN (''' || replace(coalesce(key, network), '''', '''''') || ''')'
  );
end
$body$;

comment on function dpg_private.find_renamed_partition(text, text, text) is
  'The partition that takes the rows of these keys, whatever its name is. A null key means the network''s own
partition. Null when there is none. For keys that have a name in dpg_private.partition_names, but no table of
that name.';

create or replace function dpg_private.rename_sql(relation regclass, name text)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return (
  select concat_ws(
    ' ',
    case
      when c.relname <> rename_sql.name then format('alter table %s rename to %I;', c.oid::regclass, rename_sql.name)
    end,
    case
      when c.relnamespace <> 'dpg'::regnamespace
        then format('alter table %s.%I set schema dpg;', c.relnamespace::regnamespace, rename_sql.name)
    end
  )
  from pg_class c
  where c.oid = rename_sql.relation
);

comment on function dpg_private.rename_sql(regclass, text) is
  'The statements that give a partition its name, and its place in schema dpg, back.';

create or replace function dpg_private.claim_partition_name(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  claimed text;
  candidate text := dpg_private.partition_name(root, network, key);
  attempt integer := 0;
  renamed regclass;
begin
  select p.name
  into claimed
  from dpg_private.partition_names p
  where p.root = claim_partition_name.root
    and p.network = claim_partition_name.network
    and p.key is not distinct from claim_partition_name.key;

  if claimed is not null and to_regclass('dpg.' || claimed) is null then
    renamed := dpg_private.find_renamed_partition(root, network, key);
    if renamed is not null then
      perform dpg_private.refuse_partition(
        root, network, key,
        format('its table dpg.%s was renamed to %s', claimed, renamed),
        format(
          'Its rows are there, and the functions find it by its name. Give it its name back, then repeat the call: %s',
          dpg_private.rename_sql(renamed, claimed)
        ),
        jsonb_build_object('reason', 'renamed', 'relation', renamed)
      );
    end if;
  end if;

  while claimed is null and attempt < 1000 loop
    -- An index can have the plain name of a leaf: i_p_yellowdot_pkey is the primary key of i_p_yellowdot, and would
    -- be the leaf of yellow_dot/pkey.
    if candidate is not null
      and not exists (
        select
        from pg_class c
        where c.oid = to_regclass('dpg.' || candidate)
          and c.relkind in ('i', 'I')
      )
    then
      -- In repeatable read, a name that was taken after the snapshot is a serialization failure here: the caller
      -- tries again.
      insert into dpg_private.partition_names (root, network, key, name)
      values (claim_partition_name.root, claim_partition_name.network, claim_partition_name.key, candidate)
      on conflict do nothing
      returning name into claimed;
    end if;
    candidate := dpg_private.partition_name(root, network, key, attempt);
    attempt := attempt + 1;
  end loop;

  if claimed is null then
    perform dpg_private.refuse_partition(
      root, network, key,
      'no name is free',
      'Look at dpg_private.partition_names: it should have a name for these keys.'
    );
  end if;
  if to_regclass('dpg.' || claimed) is not null or to_regtype('dpg.' || claimed) is not null then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('dpg.%s is there already and is no partition of ours', claimed),
      format(
        'Look at dpg.%s. Attach it again if it was detached, rename it if it is to be kept apart; '
          || 'then repeat the call.',
        claimed
      ),
      jsonb_build_object('relation', 'dpg.' || claimed)
    );
  end if;
  return claimed;
end
$body$;

comment on function dpg_private.claim_partition_name(text, text, text) is
  'Takes a name for the partition that is about to be created, and returns it: the plain name, or one with a
suffix where other keys or an index have the plain name. Called under the lock of
dpg_private.take_partition_turn.
Raises DP010 when a table or type that is no partition of ours has the name, or when the partition is there
under another name.';
