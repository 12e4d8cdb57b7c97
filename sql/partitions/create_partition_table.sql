create or replace function dpg_private.revoke_default_privileges(relation regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  grantee text;
begin
  for grantee in
    select distinct coalesce(a.grantee::regrole::text, 'public')
    from pg_class c
    cross join lateral (
      select case g.grantee when 0 then null else g.grantee end as grantee
      from aclexplode(c.relacl) g
      where g.grantee <> c.relowner
    ) a
    where c.oid = relation
  loop
    execute format('revoke all on table %s from %s', relation, grantee);
  end loop;
end
$body$;

comment on function dpg_private.revoke_default_privileges(regclass) is
  'Takes back what default privileges have given to others than the owner on a table that was just created.';

create or replace function dpg_private.create_partition_table(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  name text := dpg_private.claim_partition_name(root, network, key);
  second_level constant text := case root when 'items' then 'item_domain' else 'action_type' end;
begin
  -- Created apart and attached later, because "create table ... partition of" takes ACCESS EXCLUSIVE on the parent.
  execute format(
    'create table dpg.%I (like dpg.%I including all excluding comments)%s',
    name, root, case when key is null then format(' partition by list (%I)', second_level) end
  );
  execute format(
    'comment on table dpg.%I is %L',
    name,
    format(
      '%s of network %s%s.',
      replace(root, '_', ' '), to_json(network), ', ' || split_part(second_level, '_', 2) || ' ' || to_json(key)
    )
  );
  -- Callers reach a leaf through its root only, even if "alter default privileges" has granted more.
  perform dpg_private.revoke_default_privileges(format('dpg.%I', name)::regclass);
  perform dpg_private.copy_row_level_security(format('dpg.%I', root)::regclass, format('dpg.%I', name)::regclass);
  if root = 'action_events' and key is not null then
    -- the attachment adds the row triggers of the root, but not its truncate triggers
    execute format(
      'create trigger action_events_no_truncate before truncate on dpg.%I for each statement '
        || 'execute function dpg_private.refuse_event_change()',
      name
    );
    execute format('alter table dpg.%I enable always trigger action_events_no_truncate', name);
  end if;
  return name;
end
$body$;

comment on function dpg_private.create_partition_table(text, text, text) is
  'Creates the table of a partition without attaching it, and returns its name. A null key means the network''s
own partition, the parent of its leaves. Locks nothing that others use.
Raises DP010.';
