import type { Check, Expected, Finding, Sql } from './check.js';
import { TREE } from './check.js';
import { definitionOfPolicy, keptShapes, majorVersion } from './shape.js';

/**
 * Whoever was granted a partition by itself, as with "on all tables in schema dpg", sees what the root would show. Compared
 * with what the migrations make of the root: a root that was changed is a finding of its own.
 */
export const partitionPolicies: Check = {
  name: 'partition policies',
  async find(sql, expected) {
    const rows = await partitionsOf(sql, expected);
    const kept = keptShapes(await majorVersion(sql));
    const findings = new Map<string, { root: string; problem: string; names: string[] }>();
    for (const { root, name, is_guarded, policies } of rows) {
      const lacking = expected.declarations.policies
        .filter((policy) => policy.on === root)
        .filter((policy) => {
          const wanted = kept?.[`policy ${policy.name} on ${root}`];
          const found = policies[policy.name];
          return found === undefined || (wanted !== undefined && found !== wanted);
        })
        .map((policy) => policy.name);
      if (is_guarded && lacking.length === 0) continue;
      const problem = is_guarded
        ? `It lacks a policy of its root, or has it otherwise: ${lacking.join(', ')}.`
        : 'Row level security is off: whoever was granted it by itself, as with all tables of the schema, sees the rows of everybody.';
      const key = `${root} ${problem}`;
      const said = findings.get(key) ?? { root, problem, names: [] };
      said.names.push(name);
      findings.set(key, said);
    }
    return [...findings.values()].map(finding);
  },
};

/** Of partitions there may be thousands. */
function finding({ root, problem, names }: { root: string; problem: string; names: string[] }): Finding {
  return {
    severity: 'error',
    object: names.length === 1 ? `table ${names[0]}` : `${names.length} partitions of ${root}`,
    problem,
    // from the root, which is mended before
    mend: names.map((name) => `select dpg_private.copy_row_level_security('${root}', '${name}');`),
    mend_with: 'sql',
  };
}

interface Row {
  root: string;
  name: string;
  is_guarded: boolean;
  policies: Record<string, string>;
}

async function partitionsOf(sql: Sql, { declarations }: Expected): Promise<Row[]> {
  return sql.unsafe<Row[]>(
    `with ${TREE}
    select t.root::regclass::text as root, t.oid::regclass::text as name, c.relrowsecurity as is_guarded,
      coalesce((
        select jsonb_object_agg(p.polname, ${definitionOfPolicy('p')})
        from pg_policy p
        where p.polrelid = t.oid
      ), '{}') as policies
    from tree t
    join pg_class c on c.oid = t.oid
    where t.level > 0
      and t.root::regclass::text = any ($2::text[])
    order by t.root::regclass::text, t.oid::regclass::text`,
    [declarations.roots, declarations.guarded],
  );
}
