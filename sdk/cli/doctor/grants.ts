import { type Check, type Expected, type Finding, OURS, type Sql } from './check.js';
import { callers, type Grant, grantStatement, grants as grantsOf } from './privileges.js';
import { isOurs } from './shape.js';

/** What the roles of the contract may, and that nobody else may more. */
export const grants: Check = {
  name: 'grants',
  async find(sql, expected) {
    return [
      ...(await missingCalls(sql, expected)),
      ...(await missingGrants(sql, grantsOf(expected.files))),
      ...(await missingTypes(sql)),
      ...(await excessiveCalls(sql, expected)),
      ...(await excessiveGrants(sql, expected)),
      ...(await otherGrants(sql, expected)),
    ];
  },
};

const missing = (object: string, role: string, privilege: string, mend: string): Finding => ({
  severity: 'error',
  object,
  problem: `${role} lacks the privilege ${privilege}.`,
  mend: [mend],
  mend_with: 'sql',
});

async function missingCalls(sql: Sql, { files, declarations }: Expected): Promise<Finding[]> {
  const wanted = declarations.functions.flatMap(({ name }) =>
    callers(name, files).map((role) => ({ name, role })),
  );
  const rows = await sql.unsafe(
    `select p.oid::regprocedure::text as signature, wanted.role
     from unnest($1::text[], $2::text[]) with ordinality wanted (name, role, place)
     join pg_proc p on p.oid = to_regproc(wanted.name)
     join pg_roles r on r.rolname = wanted.role
     where not has_function_privilege(r.oid, p.oid, 'execute')
     order by wanted.place`,
    [wanted.map(({ name }) => name), wanted.map(({ role }) => role)],
  );
  return rows
    .filter(({ signature }) => isOurs(signature))
    .map(({ signature, role }) =>
      missing(`function ${signature}`, role, 'execute', `grant execute on function ${signature} to ${role};`),
    );
}

async function missingGrants(sql: Sql, wanted: Grant[]): Promise<Finding[]> {
  const rows = await sql.unsafe<Grant[]>(
    `select wanted.*
     from jsonb_to_recordset($1::text::jsonb)
       wanted (kind text, privilege text, "column" text, object text, role text)
     join pg_roles r on r.rolname = wanted.role
     where case wanted.kind
       when 'schema' then not has_schema_privilege(r.oid, to_regnamespace(wanted.object)::oid, wanted.privilege)
       when 'table' then not has_table_privilege(r.oid, to_regclass(wanted.object)::oid, wanted.privilege)
       else not has_column_privilege(r.oid, to_regclass(wanted.object)::oid, wanted.column, wanted.privilege)
     end`,
    [JSON.stringify(wanted)],
  );
  return rows.map((grant) => {
    const { kind, privilege, column, object, role } = grant;
    return missing(
      `${kind === 'schema' ? 'schema' : 'table'} ${object}`,
      role,
      column ? `${privilege} (${column})` : privilege,
      grantStatement(grant),
    );
  });
}

async function missingTypes(sql: Sql): Promise<Finding[]> {
  const rows = await sql.unsafe(`
    select t.oid::regtype::text as type, r.rolname as role
    from pg_type t
    join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
    join pg_namespace n on n.oid = t.typnamespace and n.nspname = 'dpg'
    join pg_roles r on r.rolname in ('dpg_app', 'dpg_readonly', 'dpg_admin')
    where not has_type_privilege(r.oid, t.oid, 'usage')
    order by 1, 2`);
  return rows.map(({ type, role }) =>
    missing(`type ${type}`, role, 'usage', `grant usage on type ${type} to ${role};`),
  );
}

/**
 * Others than the owner and those who may: what you have granted to roles of your own is only noticed, but for what is
 * dpg_admin's alone, and for what is private, which checks nothing.
 */
async function excessiveCalls(sql: Sql, { files, declarations }: Expected): Promise<Finding[]> {
  const names = declarations.functions.map(({ name }) => name);
  const allowed = names.flatMap((name) => callers(name, files).map((role) => `${name} ${role}`));
  const rows = await sql.unsafe(
    `select p.oid::regprocedure::text as signature, coalesce(r.rolname::text, 'public') as role,
       format('%I.%I', n.nspname, p.proname) as name,
       coalesce(pg_has_role(r.oid, to_regrole('dpg_admin')::oid, 'member'), false) as is_admin
     from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace
     cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) privilege
     left join pg_roles r on r.oid = privilege.grantee
     where privilege.grantee <> p.proowner
       and format('%I.%I', n.nspname, p.proname) = any ($1::text[])
       and format('%I.%I %s', n.nspname, p.proname, r.rolname) <> all ($2::text[])
     order by 1, 2`,
    [names, allowed],
  );
  const isReserved = (name: string) => callers(name, files).every((role) => role === 'dpg_admin');
  // who is a member may call dpg_admin's functions anyway
  const isMembers = (name: string, isAdmin: boolean) => isAdmin && callers(name, files).includes('dpg_admin');
  return rows
    .filter(({ name, is_admin }) => !isMembers(name, is_admin))
    .map(({ signature, role, name }) => ({
      severity: OF_EVERYBODY.includes(role) || isReserved(name) ? 'error' : 'notice',
      object: `function ${signature}`,
      problem: `${role} may call the function, which the migration has not granted.`,
      mend: [`revoke execute on function ${signature} from ${quoted(role)};`],
      mend_with: 'sql',
    }));
}

/** Those that applications log in as, and everybody. */
const OF_EVERYBODY = ['public', 'dpg_app', 'dpg_readonly'];

/**
 * Writing without the functions is writing without their rules; and whoever may read a partition by itself passes by the
 * policies of its root.
 */
async function excessiveGrants(sql: Sql, { files }: Expected): Promise<Finding[]> {
  const ours = grantsOf(files).map(({ object, role, privilege }) => `${object} ${role} ${privilege}`);
  const rows = await sql.unsafe(
    `with granted as (
      select c.oid::regclass::text as name, c.relispartition as is_partition, coalesce(r.rolname::text, 'public') as role,
        string_agg(lower(privilege.privilege_type), ', ' order by privilege.privilege_type) as privileges
      from pg_class c
      cross join lateral aclexplode(c.relacl) privilege
      left join pg_roles r on r.oid = privilege.grantee
      where c.relnamespace = any (${OURS})
        and c.relkind in ('r', 'p', 'v')
        and privilege.grantee <> c.relowner
        and (c.relispartition or privilege.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES'))
        and concat_ws(' ', c.oid::regclass, r.rolname, lower(privilege.privilege_type)) <> all ($1::text[])
      group by 1, 2, 3
    )
    -- of partitions there may be thousands, granted in one statement
    select is_partition, role, privileges, array_agg(name order by name) as names
    from granted
    group by is_partition, role, privileges, case when not is_partition then name end
    order by 1, 2, 4`,
    [ours],
  );
  return rows.map(({ is_partition, role, privileges, names }) => ({
    severity: is_partition && privileges === 'select' && !OF_EVERYBODY.includes(role) ? 'notice' : 'warning',
    object: names.length === 1 ? `table ${names[0]}` : `${names.length} partitions`,
    problem: is_partition
      ? `${role} has privileges on what is a partition by itself (${privileges}), past the policies of its root.`
      : `${role} may ${privileges} without the functions, and so without their rules.`,
    mend: names.map((name: string) => `revoke ${privileges} on ${name} from ${quoted(role)};`),
    mend_with: 'sql',
  }));
}

/** What else somebody has granted: reading, and the use of schemas, types and sequences. It is listed, since it may be meant. */
async function otherGrants(sql: Sql, { files }: Expected): Promise<Finding[]> {
  const ours = grantsOf(files).map(({ object, role }) => `${object} ${role}`);
  const rows = await sql.unsafe(
    `with granted as (
      select 'schema' as kind, n.nspname::text as name, a.grantee, a.privilege_type
      from pg_namespace n
      cross join lateral aclexplode(n.nspacl) a
      where n.nspname in ('dpg', 'dpg_private') and a.grantee <> n.nspowner
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, a.grantee, a.privilege_type
      from pg_class c
      cross join lateral aclexplode(c.relacl) a
      where c.relnamespace = any (${OURS}) and a.grantee <> c.relowner
        and c.oid is distinct from to_regclass('dpg.quarantined_rows') -- of adoption, which has granted it
        and (c.relkind = 'S' or c.relkind in ('r', 'p', 'v') and not c.relispartition and a.privilege_type in ('SELECT', 'MAINTAIN'))
      union all
      select 'type', t.oid::regtype::text, a.grantee, a.privilege_type
      from pg_type t
      cross join lateral aclexplode(t.typacl) a
      where t.typnamespace = any (${OURS}) and a.grantee <> t.typowner
        and coalesce(a.grantee <> all (array(select r.oid from pg_roles r where r.rolname in ('dpg_app', 'dpg_readonly', 'dpg_admin'))), true)
    )
    select g.kind, coalesce(r.rolname::text, 'public') as role,
      string_agg(distinct lower(g.privilege_type), ', ') as privileges, array_agg(distinct g.name order by g.name) as names
    from granted g
    left join pg_roles r on r.oid = g.grantee
    where g.name || ' ' || coalesce(r.rolname, 'public') <> all ($1::text[])
    group by 1, 2
    order by 1, 2`,
    [ours],
  );
  return rows.map(({ kind, role, privileges, names }) => ({
    severity: 'notice',
    object: names.length === 1 ? `${kind} ${names[0]}` : `${names.length} ${kind}s`,
    problem: `${role} has privileges that the migration has not granted (${privileges}).`,
    mend: names.map(
      (name: string) =>
        `revoke ${privileges} on ${kind === 'table' ? '' : `${kind} `}${name} from ${quoted(role)};`,
    ),
    mend_with: 'sql',
  }));
}

/** `public` is a word here, not a role. */
const quoted = (role: string) =>
  role === 'public' || /^[a-z_][a-z0-9_]*$/.test(role) ? role : `"${role.replaceAll('"', '""')}"`;
