-- Each migration grants everything anew, so that each role has what this file says and nothing else. PUBLIC gets
-- nothing.
do $body$
declare
  -- The functions that each role may call, by name. A function that no list names is nobody's.
  -- dpg_readonly, dpg_app and dpg_admin
  reading constant text[] := array[
    'get_item', 'get_items', 'find_items', 'count_items', 'nearest_items', 'map_items', 'count_facets',
    'search_items', 'find_own_items', 'get_action', 'find_actions', 'count_actions', 'count_item_actions', 'find_events'
  ];
  -- dpg_app and dpg_admin
  writing constant text[] := array[
    'ensure_item_partition', 'ensure_action_partition', 'ensure_action_event_partition',
    'upsert_item', 'upsert_items', 'update_item', 'set_item_status', 'delete_item', 'define_item',
    'define_search', 'refresh_search',
    'define_action', 'perform_action', 'receive_action', 'transition_action', 'transition_actions',
    'receive_transition',
    'store_event',
    'create_subscription', 'create_item_subscription', 'drop_subscription', 'read_events', 'read_item_changes',
    'acknowledge', 'release_events',
    'fail_event', 'retry_events', 'read_retries', 'settle_event'
  ];
  -- dpg_admin alone
  administering constant text[] := array[
    'register_network', 'unregister_network', 'define_network', 'forget_instance_url', 'confirm_lost_events',
    'redact_event', 'accept_differing_event', 'erase_user', 'move_items'
  ];
  -- Of dpg_private, all three roles: a view calls functions with the rights of its reader. No role can name them in a
  -- statement, because the schema is closed.
  used_by_views constant text[] := array['normalised_url', 'rewritten_url'];
  unknown text;
  object record;
  known text[] := pg_catalog.string_to_array(nullif(pg_catalog.current_setting('dpg.known_objects', true), ''), ' ');
begin
  -- New objects: "alter default privileges" gives grants of its own when an object is created. They are taken back
  -- here. Objects that were there before this migration (access/known_objects.sql) keep the grants that others gave
  -- on purpose.
  for object in
    select o.kind, o.name,
      pg_catalog.string_agg(
        distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, ', '
      ) as grantees
    from (
      select 'schema' as kind, pg_catalog.quote_ident(n.nspname) as name, 'n' || n.oid as id, n.nspacl as acl,
        n.nspowner as owner
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', p.oid::pg_catalog.regprocedure::text, 'p' || p.oid, p.proacl, p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select 'type', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), 't' || t.oid,
        t.typacl, t.typowner
      from pg_catalog.pg_type t
      where t.typnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::pg_catalog.regclass::text, 'c' || c.oid,
        c.relacl, c.relowner
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
    execute pg_catalog.format('revoke all on %s %s from %s', object.kind, object.name, object.grantees);
  end loop;

  -- Schemas.
  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  -- Functions. The lists count for every function of a name, whatever its arguments are.
  select pg_catalog.string_agg(l.name, ', ')
  into unknown
  from (
    select 'dpg' as schema, l.name
    from pg_catalog.unnest(reading || writing || administering) l(name)
    union all
    select 'dpg_private', l.name
    from pg_catalog.unnest(used_by_views) l(name)
  ) l
  where not exists (
    select
    from pg_catalog.pg_proc p
    where p.pronamespace = l.schema::pg_catalog.regnamespace
      and p.proname = l.name
  );
  if unknown is not null then
    raise exception 'no function has this name: %', unknown
      using
        errcode = 'undefined_function',
        hint = 'Take the name out of the lists in access/privileges.sql, or correct it.';
  end if;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      case
        when n.nspname = 'dpg_private' and p.proname = any (used_by_views) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (reading) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (writing) then 'dpg_app, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (administering) then 'dpg_admin'
      end as roles
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format(
      'revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature
    );
    if object.roles is not null then
      execute pg_catalog.format('grant execute on function %s to %s', object.signature, object.roles);
    end if;
  end loop;

  -- Types of the arguments and results of functions.
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

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.network_rules, dpg.homes,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events,
  dpg.metrics
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.item_definitions,
  dpg.network_rules, dpg.homes,
  dpg.item_searches, dpg.instance_urls, dpg.partitions, dpg.limits, dpg.subscriptions, dpg.failed_events,
  dpg.subscription_status, dpg.peers, dpg.networks, dpg.differing_events, dpg.metrics
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
grant insert on dpg.homes to dpg_admin;
grant update on dpg.homes to dpg_admin;
grant delete on dpg.homes to dpg_admin;
