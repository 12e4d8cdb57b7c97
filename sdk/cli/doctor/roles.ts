import type { Check, Expected, Finding } from './check.js';
import { callers, grantStatement, grants } from './privileges.js';

const NAMES = ['dpg_app', 'dpg_readonly', 'dpg_admin'];

export const roles: Check = {
  name: 'roles',
  async find(sql, expected) {
    const rows = await sql<{ name: string; is_super: boolean; passes_policies: boolean }[]>`
      select r.rolname as name, r.rolsuper as is_super, r.rolbypassrls as passes_policies
      from pg_roles r
      where r.rolname = any (${NAMES})`;
    const types = await sql<{ name: string }[]>`
      select t.oid::regtype::text as name
      from pg_type t
      join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
      where t.typnamespace = to_regnamespace('dpg')
      order by 1`;
    return NAMES.flatMap((name): Finding[] => {
      const role = rows.find((row) => row.name === name);
      if (!role)
        return [
          missing(
            name,
            expected,
            types.map((type) => type.name),
          ),
        ];
      if (!role.is_super && !role.passes_policies) return [];
      return [
        {
          severity: 'error',
          object: `role ${name}`,
          problem: role.is_super
            ? 'It is a superuser: so is everybody who is granted it, after set role.'
            : 'It passes by the policies of rows, and so does everybody who is granted it, after set role.',
          mend: [`alter role ${name} nosuperuser nobypassrls;`],
          mend_with: 'sql',
        },
      ];
    });
  },
};

/** With what the role may: what it was granted went with it. */
function missing(role: string, { declarations, files }: Expected, types: string[]): Finding {
  const functions = declarations.functions.filter(({ name }) => callers(name, files).includes(role));
  return {
    severity: 'error',
    object: `role ${role}`,
    problem: 'The role is missing, and with it what it may.',
    mend: [
      `create role ${role} nologin;`,
      ...grants(files)
        .filter((grant) => grant.role === role)
        .map(grantStatement),
      ...functions.map(({ name }) => `grant execute on function ${name} to ${role};`),
      ...types.map((type) => `grant usage on type ${type} to ${role};`),
    ],
    mend_with: 'sql',
  };
}
