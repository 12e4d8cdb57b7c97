import type { Check, Expected, Finding, Sql } from './check.js';
import { createdAgain, OURS } from './check.js';
import type { Declared, DeclaredFunction, DeclaredPolicy } from './declarations.js';
import { callers, grantStatement, grants, grantsOfFunction } from './privileges.js';
import { isOurs } from './shape.js';

/** What the migrations have made must be there, functions as they were made. */
export const objects: Check = {
  name: 'objects',
  async find(sql, expected) {
    const missing = await missingObjects(sql, expected);
    const schemas = missing.filter(({ kind }) => kind === 'schema').map(({ name }) => name);
    if (schemas.length > 0) return schemas.map(missingSchema);
    const relations = new Set(
      missing.filter(({ kind }) => kind === 'table' || kind === 'view').map(({ name }) => name),
    );
    return [
      // a table that is missing brings its constraints and what else stands in its file
      ...missing
        .filter(({ kind, on }) => !(kind === 'constraint' && on !== null && relations.has(on)))
        .map((declared) => missingObject(declared, expected)),
      ...(await changedFunctions(sql, expected)),
      ...(await narrowedPolicies(sql, expected.declarations.policies)),
      ...(await unguardedTables(sql, expected.declarations.guarded)),
    ];
  },
};

/** Under a search path that writes names with their schema. */
export async function missingObjects(sql: Sql, { declarations }: Expected): Promise<Declared[]> {
  const present = await presentObjects(sql);
  return declarations.objects.filter((declared) => !present.has(id(declared)));
}

const id = ({ kind, name, on }: Pick<Declared, 'kind' | 'name' | 'on'>) => [kind, name, on].join(' ');

async function presentObjects(sql: Sql): Promise<Set<string>> {
  const rows = await sql.unsafe<Pick<Declared, 'kind' | 'name' | 'on'>[]>(`
    select 'schema' as kind, n.nspname::text as name, null as on from pg_namespace n
    union all
    select case c.relkind when 'v' then 'view' when 'c' then 'type' when 'i' then 'index' when 'I' then 'index' else 'table' end,
      c.oid::regclass::text, i.indrelid::regclass::text
    from pg_class c
    left join pg_index i on i.indexrelid = c.oid
    where c.relnamespace = any (${OURS}) and not c.relispartition and c.relkind in ('r', 'p', 'v', 'c', 'i', 'I')
    union all
    select distinct 'function', format('%I.%I', n.nspname, p.proname), null
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
    union all
    select 'trigger', t.tgname, t.tgrelid::regclass::text
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid and c.relnamespace = any (${OURS}) and not c.relispartition
    where not t.tgisinternal
    union all
    select 'policy', p.polname, p.polrelid::regclass::text
    from pg_policy p
    union all
    select 'constraint', k.conname, k.conrelid::regclass::text
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid and c.relnamespace = any (${OURS}) and not c.relispartition`);
  return new Set(rows.map(id));
}

function missingSchema(name: string): Finding {
  return {
    severity: 'error',
    object: `schema ${name}`,
    problem:
      'The schema is missing, though migrations were run here: restore it from a backup. To begin anew without any data, drop dpg and dpg_private, empty graphile_migrate.migrations and migrate.',
    mend: [],
    mend_with: 'sql',
  };
}

const MISSING: Record<Declared['kind'], string> = {
  schema: 'The schema is missing.',
  type: 'The type is missing: functions that use it fail.',
  table: 'The table is missing: what it held is lost, unless a backup has it.',
  view: 'The view is missing.',
  function: 'The function is missing.',
  index: 'The index is missing: what it is for reads whole tables.',
  trigger: 'The trigger is missing: what it guards is not guarded.',
  policy: 'The policy is missing.',
  constraint: 'The constraint is missing: rows that break it can be written.',
};

function missingObject(declared: Declared, expected: Expected): Finding {
  const { kind, name, on, statement } = declared;
  return {
    severity: kind === 'index' ? 'warning' : 'error',
    object: on && kind !== 'index' ? `${kind} ${name} on ${on}` : `${kind} ${name}`,
    problem: MISSING[kind],
    mend: [
      ...createdAgain(statement, expected),
      ...(kind === 'function' ? grantsOfFunction(name, callers(name, expected.files)) : []),
      ...(kind === 'table' || kind === 'view' ? tableGrants(name, expected) : []),
    ],
    mend_with: 'sql',
  };
}

function tableGrants(name: string, { files }: Expected): string[] {
  return grants(files)
    .filter(({ kind, object }) => kind !== 'schema' && object === name)
    .map(grantStatement);
}

async function changedFunctions(sql: Sql, expected: Expected): Promise<Finding[]> {
  const declared: DeclaredFunction[] = expected.declarations.functions;
  const rows = await sql.unsafe(`
    select format('%I.%I', n.nspname, p.proname) as name, p.oid::regprocedure::text as signature, p.prosrc as body,
      p.prosecdef as is_definer, coalesce(p.proconfig, '{}') as settings
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
    order by 1, 2`);
  const byName = new Map(declared.map((each) => [each.name, each]));
  return rows.flatMap((row): Finding[] => {
    const wanted = byName.get(row.name);
    const object = `function ${row.signature}`;
    if (!wanted || !isOurs(row.signature)) return [];
    const differences = [
      wanted.body !== null && wanted.body !== row.body && 'its body',
      wanted.isDefiner !== row.is_definer && `security ${row.is_definer ? 'definer' : 'invoker'}`,
      normal(wanted.settings) !== normal(row.settings) && 'its settings, such as the pinned search_path',
    ].filter((difference) => difference !== false);
    if (differences.length === 0) return [];
    return [
      {
        severity: 'error',
        object,
        problem: `The function is not as the migration made it: ${differences.join(', ')}.`,
        mend: createdAgain(wanted.statement, expected),
        mend_with: 'sql',
      },
    ];
  });
}

/** PostgreSQL writes a list with quotation marks and spaces of its own, and some names with capitals (TimeZone). */
const normal = (settings: string[]) =>
  settings
    .map((setting) => setting.replace(/["'\s]/g, '').replace(/^\w+/, (name) => name.toLowerCase()))
    .sort()
    .join('; ');

/** A policy loses a role that is dropped. */
async function narrowedPolicies(sql: Sql, declared: DeclaredPolicy[]): Promise<Finding[]> {
  const rows = await sql.unsafe(`
    select p.polname as name, p.polrelid::regclass::text as table,
      array(select r.rolname::text from pg_roles r where r.oid = any (p.polroles)) as roles
    from pg_policy p`);
  const rolesOf = new Map(rows.map(({ name, table, roles }) => [`${table} ${name}`, roles as string[]]));
  return declared.flatMap((policy): Finding[] => {
    const lacking = policy.roles.filter(
      (role) => rolesOf.get(`${policy.on} ${policy.name}`)?.includes(role) === false,
    );
    if (lacking.length === 0) return [];
    return [
      {
        severity: 'error',
        object: `policy ${policy.name} on ${policy.on}`,
        problem: `It is no longer for ${lacking.join(', ')}.`,
        mend: [policy.statement],
        mend_with: 'sql',
      },
    ];
  });
}

async function unguardedTables(sql: Sql, guarded: string[]): Promise<Finding[]> {
  const rows = await sql.unsafe(
    `select name from unnest($1::text[]) name join pg_class c on c.oid = to_regclass(name) where not c.relrowsecurity`,
    [guarded],
  );
  return rows.map(({ name }) => ({
    severity: 'error',
    object: `table ${name}`,
    problem: 'Row level security is off: whoever reads the table directly sees the rows of everybody.',
    mend: [`alter table ${name} enable row level security;`],
    mend_with: 'sql',
  }));
}
