// message-db: events in streams, appended with an expected version, and read by category.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { withAdmin } from '../../support/server.js';

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@eventide/message-db/package.json')),
  'database',
);
/** The role that it makes, and its schema. */
export const ROLE = 'message_store';

export interface Message {
  position: bigint;
  stream: string;
  type: string;
  data: unknown;
}

/** What its install.sh gives to psql, in that order. Run here, since not every machine has psql. */
export async function sqlFiles(script = 'install.sh'): Promise<string[]> {
  const text = await readFile(join(folder, script), 'utf8');
  const files: string[] = [];
  for (const [, file, other] of text.matchAll(
    /(?:-f|run_psql_file) \$base\/(\S+\.sql)|source \$base\/(\S+\.sh)/g,
  )) {
    if (file) files.push(file);
    if (other) files.push(...(await sqlFiles(other)));
  }
  return files;
}

/** Returns whether the server had no role of that name before. */
export async function installMessageDb(url: string): Promise<boolean> {
  const files = await sqlFiles();
  return withAdmin(url, async (sql) => {
    const [before] = await sql`select from pg_roles where rolname = ${ROLE}`;
    for (const file of files) await sql.unsafe(await readFile(join(folder, file), 'utf8')).simple();
    return before === undefined;
  });
}

export function messageDb(url: string, connections = 1) {
  // its functions name one another without a schema, as its documentation says
  const sql = postgres(url, {
    max: connections,
    onnotice: () => {},
    connection: { search_path: `${ROLE}, public` },
    types: { bigint: postgres.BigInt },
  });
  return {
    /** Returns the version of the stream after it. */
    async append(stream: string, type: string, data: postgres.JSONValue, version: bigint): Promise<bigint> {
      const [row] = await sql`
        select write_message(${crypto.randomUUID()}, ${stream}, ${type}, ${sql.json(data)}, null, ${version}) as version`;
      return row?.version;
    },

    /** The version of a stream that has messages. */
    async version(stream: string): Promise<bigint> {
      const [row] = await sql`select stream_version(${stream}) as version`;
      return row?.version;
    },

    /** The next messages of a category, from this position on. */
    async read(category: string, from: bigint, batch: number): Promise<Message[]> {
      const rows = await sql`select * from get_category_messages(${category}, ${from}, ${batch})`;
      return rows.map((row) => ({
        position: row.global_position,
        stream: row.stream_name,
        type: row.type,
        data: JSON.parse(row.data),
      }));
    },

    end: () => sql.end(),
  };
}
