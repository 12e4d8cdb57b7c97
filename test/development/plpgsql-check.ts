// PL/pgSQL lets an undefined column or variable pass until the statement runs. The extension plpgsql_check finds it when the
// file is saved. Here only errors: warnings are for test/lint/plpgsql_check.test.ts, which explains each that stays.

import type { FunctionStatement, Place } from '../support/compiled.js';
import { rolledBack } from '../support/failure.js';

export interface Finding {
  place: Place;
  message: string;
  statement: FunctionStatement;
}

/** Why it cannot run here; undefined where it can. */
export async function whyUnchecked(url: string): Promise<string | undefined> {
  return await rolledBack(url, async (sql) => {
    const [row] = await sql`
      select split_part(current_setting('server_version'), '.', 1) as version,
        exists (select from pg_available_extensions where name = 'plpgsql_check') as available`;
    if (!row?.available)
      return (
        'Nobody checks PL/pgSQL bodies: an undefined column in one passes until it runs. The server lacks ' +
        `plpgsql_check. On Debian: apt install postgresql-${row?.version}-plpgsql-check, and the URL of that server in ` +
        'DATABASE_URL.'
      );
    return await sql`create extension if not exists plpgsql_check`.then(
      () => undefined,
      (error: Error) =>
        `Nobody checks PL/pgSQL bodies: "create extension plpgsql_check" is refused (${error.message}). ` +
        'A superuser may create it.',
    );
  });
}

/** What is wrong in the bodies of these functions. The extension is taken away again where it was not there before. */
export async function findings(functions: FunctionStatement[], url: string): Promise<Finding[]> {
  const asked = functions.flatMap(({ schema, name, body }, index) =>
    body ? [{ index, schema, name, body: body.text }] : [],
  );
  if (asked.length === 0) return [];
  const rows = await rolledBack(url, async (sql) => {
    await sql`create extension if not exists plpgsql_check`;
    const [extension] = await sql`
      select extnamespace::regnamespace::text as schema from pg_extension where extname = 'plpgsql_check'`;
    // A trigger function is checked with each table that it is a trigger of. A record that dynamic SQL fills is unknown to
    // the checker, which then says that nothing was assigned.
    return await sql<{ index: number; line: number; message: string }[]>`
      select distinct a.index, coalesce(c.lineno, 1) as line, c.message
      from jsonb_to_recordset(${sql.json(asked)}) a(index integer, schema text, name text, body text)
      join pg_proc p
        on p.pronamespace = to_regnamespace(a.schema) and p.proname = a.name and p.prosrc = a.body
      join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
      left join (select distinct tgfoid, tgrelid from pg_trigger where tgparentid = 0) t on t.tgfoid = p.oid
      cross join lateral ${sql(`${extension?.schema}.plpgsql_check_function_tb`)}(
        p.oid, coalesce(t.tgrelid, 0), fatal_errors => false, other_warnings => false, extra_warnings => false,
        performance_warnings => false, security_warnings => false
      ) c
      where c.level = 'error'
        and c.message !~ '^record ".*" is not assigned yet$'
        and (p.prorettype <> 'trigger'::regtype or t.tgrelid is not null)
      order by a.index, line, c.message`;
  });
  return rows.flatMap(({ index, line, message }) => {
    const statement = functions[index];
    const body = statement?.body;
    if (!statement || !body) return [];
    return [{ message, statement, place: { path: body.place.path, line: body.place.line + line - 1 } }];
  });
}
