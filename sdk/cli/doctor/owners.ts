import { type Check, type Expected, OURS } from './check.js';
import { callers, grantStatement, grants } from './privileges.js';

/** The functions run as their owner and write as such. */
export const owners: Check = {
  name: 'owners',
  async find(sql, expected) {
    const { objects, functions } = expected.declarations;
    const rows = await sql.unsafe(
      `
      with owned as (
        select
          case c.relkind when 'v' then 'view' else 'table' end as kind,
          c.oid::regclass::text as object, c.oid::regclass::text as name, c.relowner as owner
        from pg_class c
        where c.relnamespace = any (${OURS})
          and c.relkind in ('r', 'p', 'v')
          and (c.relispartition or c.oid::regclass::text = any ($1::text[]))
        union all
        select 'function', p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), p.proowner
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where format('%I.%I', n.nspname, p.proname) = any ($2::text[])
      )
      select o.kind, o.object, o.name, o.owner::regrole::text as owner, rest.relowner::regrole::text as rest
      from owned o
      join pg_class rest on rest.oid = to_regclass('dpg.items') and rest.relowner <> o.owner
      order by o.kind desc, o.object`,
      [objects.map(({ name }) => name), functions.map(({ name }) => name)],
    );
    return rows.map(({ kind, object, name, owner, rest }) => ({
      severity: 'error',
      object: `${kind} ${object}`,
      problem: `It belongs to ${owner}, the rest to ${rest}: functions run as their owner, and lack what the other has.`,
      // what the former owner was granted besides goes over to the new one
      mend: [`alter ${kind} ${object} owner to ${rest};`, ...grantsOf(kind, name, expected)],
      mend_with: 'sql',
    }));
  },
};

function grantsOf(kind: string, name: string, { files }: Expected): string[] {
  if (kind === 'function') {
    const roles = callers(name, files);
    return roles.length > 0 ? [`grant execute on function ${name} to ${roles.join(', ')};`] : [];
  }
  return grants(files)
    .filter((grant) => grant.kind !== 'schema' && grant.object === name)
    .map(grantStatement);
}
