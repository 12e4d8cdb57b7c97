// A description of a database, object by object, out of PostgreSQL's catalogues: what two databases must agree in to be
// called the same. Nothing in it depends on object ids or on the order in which things were made, except the order of
// columns, which a caller can see.

import type postgres from 'postgres';

/** From an object, like `function dpg.get_item(text, text, text, uuid)`, to its definition. */
export type Catalogue = Map<string, string>;

const SYSTEM = `('pg_catalog', 'information_schema', 'pg_toast', 'graphile_migrate')`;

const outsideExtensions = (catalogue: string, alias: string) => `
  not exists (
    select from pg_depend d
    where d.classid = '${catalogue}'::regclass and d.objid = ${alias}.oid and d.deptype = 'e'
  )`;

const privileges = (kind: string, owner: string, acl: string) => `
  (select coalesce(string_agg(format('%s %s%s', coalesce(grantee::regrole::text, ''),
      privilege_type, case when is_grantable then ' with grant option' end), ', ' order by grantee::regrole::text, privilege_type), 'none')
   from aclexplode(coalesce(${acl}, acldefault('${kind}', ${owner}))))`;

const comment = (catalogue: string, alias: string) => `obj_description(${alias}.oid, '${catalogue}')`;

// Each query gives rows of (object, definition).
const QUERIES = [
  `select 'schema ' || quote_ident(n.nspname),
     jsonb_build_object('owner', n.nspowner::regrole, 'privileges', ${privileges('n', 'n.nspowner', 'n.nspacl')},
       'comment', ${comment('pg_namespace', 'n')})
   from pg_namespace n
   where n.nspname not in ${SYSTEM} and n.nspname !~ '^pg_(toast_)?temp_' and ${outsideExtensions('pg_namespace', 'n')}`,

  `select 'extension ' || e.extname, jsonb_build_object('version', e.extversion, 'schema', e.extnamespace::regnamespace)
   from pg_extension e`,

  `select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
       when 'c' then 'composite type ' when 'f' then 'foreign table ' else 'table ' end || c.oid::regclass,
     jsonb_build_object('kind', c.relkind, 'owner', c.relowner::regrole, 'persistence', c.relpersistence,
       'options', c.reloptions, 'row security', array[c.relrowsecurity, c.relforcerowsecurity],
       'replica identity', c.relreplident, 'partition key', pg_get_partkeydef(c.oid),
       'partition bound', pg_get_expr(c.relpartbound, c.oid),
       'parents', (select array_agg(i.inhparent::regclass order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
       'access method', (select a.amname from pg_am a where a.oid = c.relam),
       'view', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
       'privileges', case when c.relkind = 'S' then ${privileges('s', 'c.relowner', 'c.relacl')}
         else ${privileges('r', 'c.relowner', 'c.relacl')} end,
       'sequence', (select to_jsonb(s) - 'seqrelid' from pg_sequence s where s.seqrelid = c.oid),
       'comment', ${comment('pg_class', 'c')})
   from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'S', 'c', 'f') and n.nspname not in ${SYSTEM}
     and c.relpersistence <> 't' and ${outsideExtensions('pg_class', 'c')}`,

  `select 'column ' || c.oid::regclass || '.' || quote_ident(a.attname),
     jsonb_build_object('position', row_number() over (partition by c.oid order by a.attnum),
       'type', format_type(a.atttypid, a.atttypmod), 'not null', a.attnotnull,
       'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'generated', a.attgenerated,
       'collation', a.attcollation::regcollation, 'storage', a.attstorage, 'compression', a.attcompression,
       'options', a.attoptions, 'privileges', (select array_agg(x::text order by x::text) from unnest(a.attacl) x),
       'comment', col_description(c.oid, a.attnum))
   from pg_class c join pg_namespace n on n.oid = c.relnamespace
   join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relkind in ('r', 'p', 'v', 'm', 'c', 'f') and n.nspname not in ${SYSTEM}
     and c.relpersistence <> 't' and ${outsideExtensions('pg_class', 'c')}`,

  `select 'constraint ' || quote_ident(k.conname) || ' on ' ||
       case when k.conrelid <> 0 then k.conrelid::regclass::text else format_type(k.contypid, null) end,
     jsonb_build_object('definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated,
       'no inherit', k.connoinherit, 'comment', ${comment('pg_constraint', 'k')})
   from pg_constraint k join pg_namespace n on n.oid = k.connamespace
   where n.nspname not in ${SYSTEM} and ${outsideExtensions('pg_constraint', 'k')}
     and not exists (select from pg_depend d where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
       and d.classid = 'pg_type'::regclass and d.objid = k.contypid)`,

  `select 'index ' || i.indexrelid::regclass || ' on ' || i.indrelid::regclass,
     jsonb_build_object('definition', pg_get_indexdef(i.indexrelid), 'valid', i.indisvalid, 'ready', i.indisready,
       'clustered', i.indisclustered, 'replica identity', i.indisreplident, 'options', c.reloptions,
       'comment', ${comment('pg_class', 'c')})
   from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
   where n.nspname not in ${SYSTEM}`,

  `select 'statistics ' || quote_ident(s.stxname), jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid))
   from pg_statistic_ext s`,

  `select 'trigger ' || quote_ident(t.tgname) || ' on ' || t.tgrelid::regclass,
     jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled,
       'comment', ${comment('pg_trigger', 't')})
   from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
   where not t.tgisinternal and n.nspname not in ${SYSTEM}`,

  `select 'event trigger ' || quote_ident(t.evtname),
     jsonb_build_object('event', t.evtevent, 'function', t.evtfoid::regprocedure, 'enabled', t.evtenabled, 'tags', t.evttags)
   from pg_event_trigger t`,

  `select 'rule ' || quote_ident(r.rulename) || ' on ' || r.ev_class::regclass,
     jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled)
   from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
   where r.rulename <> '_RETURN' and n.nspname not in ${SYSTEM}`,

  `select 'policy ' || quote_ident(p.polname) || ' on ' || p.polrelid::regclass,
     jsonb_build_object('command', p.polcmd, 'permissive', p.polpermissive, 'roles', (select array_agg(r::regrole order by r::regrole::text) from unnest(p.polroles) r),
       'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))
   from pg_policy p`,

  `select case p.prokind when 'a' then 'aggregate ' when 'p' then 'procedure ' else 'function ' end || p.oid::regprocedure,
     jsonb_build_object('definition', case when p.prokind = 'a'
         then (select (to_jsonb(a) - 'aggfnoid')::text from pg_aggregate a where a.aggfnoid = p.oid)
         else pg_get_functiondef(p.oid) end,
       'owner', p.proowner::regrole, 'privileges', ${privileges('f', 'p.proowner', 'p.proacl')},
       'comment', ${comment('pg_proc', 'p')})
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname not in ${SYSTEM} and ${outsideExtensions('pg_proc', 'p')}`,

  `select 'type ' || format_type(t.oid, null),
     jsonb_build_object('kind', t.typtype, 'owner', t.typowner::regrole,
       'base', case when t.typbasetype <> 0 then format_type(t.typbasetype, t.typtypmod) end,
       'not null', t.typnotnull, 'default', t.typdefault, 'collation', t.typcollation::regcollation,
       'labels', (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
       'privileges', ${privileges('T', 't.typowner', 't.typacl')}, 'comment', ${comment('pg_type', 't')},
       'comment as a relation', obj_description(t.typrelid, 'pg_class'))
   from pg_type t join pg_namespace n on n.oid = t.typnamespace
   where n.nspname not in ${SYSTEM} and t.typtype <> 'p' and t.typcategory <> 'A'
     and (t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
     and ${outsideExtensions('pg_type', 't')}`,

  `select 'operator ' || o.oid::regoperator,
     jsonb_build_object('function', o.oprcode, 'result', format_type(o.oprresult, null), 'commutator', o.oprcom::regoperator,
       'negator', o.oprnegate::regoperator, 'restrict', o.oprrest, 'join', o.oprjoin,
       'hashes', o.oprcanhash, 'merges', o.oprcanmerge, 'comment', ${comment('pg_operator', 'o')})
   from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
   where n.nspname not in ${SYSTEM} and ${outsideExtensions('pg_operator', 'o')}`,

  `select 'operator class ' || quote_ident(o.opcname),
     jsonb_build_object('family', o.opcfamily, 'type', format_type(o.opcintype, null), 'default', o.opcdefault)
       - 'family'
   from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace
   where n.nspname not in ${SYSTEM} and ${outsideExtensions('pg_opclass', 'o')}`,

  `select 'cast from ' || format_type(c.castsource, null) || ' to ' || format_type(c.casttarget, null),
     jsonb_build_object('function', case when c.castfunc <> 0 then c.castfunc::regprocedure end,
       'context', c.castcontext, 'method', c.castmethod)
   from pg_cast c where c.oid >= 16384 and ${outsideExtensions('pg_cast', 'c')}`,

  `select 'default privileges of ' || d.defaclrole::regrole || ' in ' || d.defaclnamespace::regnamespace || ' on ' || d.defaclobjtype::text,
     jsonb_build_object('privileges', d.defaclacl::text)
   from pg_default_acl d`,

  `select 'settings of ' || case when s.setrole = 0 then 'all' else s.setrole::regrole::text end,
     jsonb_build_object('settings', s.setconfig)
   from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database()`,
];

export async function catalogue(sql: postgres.Sql): Promise<Catalogue> {
  const result: Catalogue = new Map();
  await sql.begin(async (transaction) => {
    // So that every name is written with its schema.
    await transaction`set local search_path = pg_catalog`;
    for (const query of QUERIES) {
      const rows = await transaction.unsafe(query).values();
      for (const [object, definition] of rows)
        result.set(String(object), JSON.stringify(definition, null, 1));
    }
    const tables = await transaction`
      select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'graphile_migrate')`;
    // As it was: PostgreSQL 15 plans nothing on a table with an index by earthdistance whose schema is not in the path.
    await transaction`reset search_path`;
    for (const { name } of tables) {
      const [row] = await transaction.unsafe(`select count(*)::int as count from ${name}`);
      result.set(`rows of ${name}`, String(row?.count));
    }
  });
  // PostgreSQL gives them in any order, and not twice in the same
  return new Map([...result].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** One line or paragraph for each object in which the two differ; none when they are the same. */
export function differences(left: Catalogue, right: Catalogue, names: [string, string]): string[] {
  const objects = [...new Set([...left.keys(), ...right.keys()])].sort();
  return objects.flatMap((object) => {
    const [a, b] = [left.get(object), right.get(object)];
    if (a === b) return [];
    if (a === undefined) return [`${object}: only in ${names[1]}`];
    if (b === undefined) return [`${object}: only in ${names[0]}`];
    return [`${object} differs:\n  ${names[0]}: ${a}\n  ${names[1]}: ${b}`];
  });
}
