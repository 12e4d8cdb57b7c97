// Functions that are in the database though no file creates them: the file has gone, the function was renamed, or its
// arguments changed and the former one stayed beside it.

import type { Compiled, FunctionStatement } from '../support/compiled.js';
import { rolledBack, spaced, toCurrent, wrapped } from '../support/failure.js';

export interface Leftover {
  /** dpg.get_item(text,text): as PostgreSQL writes it. */
  signature: string;
  kind: 'function' | 'procedure' | 'aggregate';
  schema: string;
  name: string;
}

/**
 * Undefined where a file was saved since the last run: the next one is about to come. Which they are, only PostgreSQL can tell: what it takes for the same function depends on the types of the arguments. So all
 * functions of the files are created again, in a transaction that is rolled back; the rows that it did not write are the rest.
 */
export async function leftovers(compiled: Compiled, url: string): Promise<Leftover[] | undefined> {
  return await rolledBack(url, async (sql) => {
    // graphile-migrate takes it, too: two who create the same functions would disturb one another
    await sql`lock table graphile_migrate.current in exclusive mode`;
    const [run] = await sql`select content from graphile_migrate.current where filename = 'current.sql'`;
    if (run?.content !== compiled.text) return undefined;
    await sql`set local check_function_bodies = off`;
    for (const { text } of compiled.functions) await sql.unsafe(text).simple();
    return await sql<Leftover[]>`
      select p.oid::regprocedure::text as signature, n.nspname as schema, p.proname as name,
        case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('dpg', 'dpg_private')
        and p.xmin <> pg_current_xact_id()::xid
        and not exists (
          select from pg_depend d
          where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
      order by signature`;
  });
}

export function describeLeftover(leftover: Leftover, functions: FunctionStatement[]): string[] {
  const { signature, kind, schema, name } = leftover;
  const others = functions.filter((each) => each.schema === schema && each.name === name);
  const files = [...new Set(others.map(({ place }) => place.path))].join(', ');
  return [
    ...wrapped(
      others.length > 0
        ? `${spaced(signature)} is still in the database, beside the one that ${files} creates with other arguments.`
        : `${spaced(signature)} is in the database, and no file under sql/ creates it.`,
    ),
    ...toCurrent(`drop ${kind} if exists ${spaced(signature)};`),
  ];
}
