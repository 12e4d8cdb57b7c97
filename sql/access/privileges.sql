-- Stated anew by each migration, so that what is granted is what stands here. Nothing is granted to PUBLIC.
do $body$
declare
  object record;
  known text[] := pg_catalog.string_to_array(nullif(pg_catalog.current_setting('dpg.known_objects', true), ''), ' ');
begin
  -- What is created anew has the grants below and no others: "alter default privileges" gives its own at the creation. What
  -- was granted on purpose, on objects that were there, stays.
  for object in
    select o.kind, o.name,
      pg_catalog.array_agg(distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end) as quoted
    from (
      select 'schema' as kind, pg_catalog.quote_ident(n.nspname) as name, 'n' || n.oid as id, n.nspacl as acl, n.nspowner as owner
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', p.oid::pg_catalog.regprocedure::text, 'p' || p.oid, p.proacl, p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select 'type', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), 't' || t.oid, t.typacl, t.typowner
      from pg_catalog.pg_type t
      where t.typnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::pg_catalog.regclass::text, 'c' || c.oid, c.relacl, c.relowner
      from pg_catalog.pg_class c
      where c.relnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
        and c.relkind in ('r', 'p', 'v', 'S')
        and not c.relispartition
    ) o
    cross join lateral pg_catalog.aclexplode(o.acl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> o.owner
      and o.id <> all (known)
    group by o.kind, o.name
  loop
    execute pg_catalog.format('revoke all on %s %s from %s', object.kind, object.name, pg_catalog.array_to_string(object.quoted, ', '));
  end loop;

  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      n.nspname = 'dpg' as is_api,
      p.proname ~ '^(get|find|count|nearest)_' as reads_only,
      p.proname in (
        'redact_event', 'erase_user', 'move_items',
        'forget_instance_url', 'register_network', 'unregister_network', 'confirm_lost_events',
        'accept_differing_event'
      ) as is_administration,
      -- A view calls functions with the rights of whoever reads it. Nobody can name these: the schema is closed.
      p.proname in ('normalised_url', 'rewritten_url') as is_of_views
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format('revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature);
    if object.is_of_views then
      execute pg_catalog.format('grant execute on function %s to dpg_app, dpg_readonly, dpg_admin', object.signature);
    end if;
    if object.is_api then
      execute pg_catalog.format('grant execute on function %s to dpg_admin', object.signature);
      if not object.is_administration then
        execute pg_catalog.format('grant execute on function %s to dpg_app', object.signature);
      end if;
      if object.reads_only then
        execute pg_catalog.format('grant execute on function %s to dpg_readonly', object.signature);
      end if;
    end if;
  end loop;

  for object in
    select pg_catalog.format('%I.%I', n.nspname, t.typname) as name
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_class c on c.oid = t.typrelid
    where n.nspname = 'dpg'
      and c.relkind = 'c'
  loop
    execute pg_catalog.format('revoke all on type %s from public', object.name);
    execute pg_catalog.format('grant usage on type %s to dpg_app, dpg_readonly, dpg_admin', object.name);
  end loop;
end
$body$;

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls, dpg.partitions,
  dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls, dpg.partitions,
  dpg.limits, dpg.subscriptions, dpg.failed_events, dpg.subscription_status, dpg.peers, dpg.networks, dpg.differing_events
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
