// Several servers of one instance, as databases of the test server, and networks that move between them while nobody writes.

import type postgres from 'postgres';
import type { TestDatabase } from '../support/test-database.js';

/** A server as dpg.homes names it: without user and password. */
export function serverOf({ url }: TestDatabase): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

/** Says on one server, by hand, that a network lives on another. */
export async function sendAway(network: string, from: TestDatabase, to: TestDatabase): Promise<void> {
  await from.sql`insert into dpg.homes (network, server) values (${network}, ${serverOf(to)})`;
}

/** The steps of a move, each done when it is called. */
export interface Move {
  /** The network is closed on the old server, and open nowhere. */
  close(): Promise<void>;
  /** It is open on the new one. */
  open(): Promise<void>;
}

const COPIED = [
  ['dpg.items', 'item_network'],
  ['dpg.item_actions', 'partition_network'],
  ['dpg.action_events', 'partition_network'],
  ['dpg_private.mirrored_actions', 'partition_network'],
] as const;

/** Has the network copied to the new server, where it is closed. */
export async function beginMove(network: string, from: TestDatabase, to: TestDatabase): Promise<Move> {
  await from.sql`select dpg_private.begin_move(${network}, ${serverOf(to)})`;
  await to.sql`select dpg_private.receive_network(${network}, ${serverOf(from)}, ${await contents(from.sql, network)}::text::jsonb)`;
  for (const [table, column] of COPIED) {
    const [copy] = await from.sql.unsafe<{ rows: string }[]>(
      `select coalesce(jsonb_agg(t), '[]')::text as rows from ${table} t where ${column} = $1`,
      [network],
    );
    await to.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx.unsafe(
        `insert into ${table} select t.* from jsonb_populate_recordset(null::${table}, $1::text::jsonb) t`,
        [copy?.rows as string],
      );
    });
  }
  let last = '';
  return {
    async close() {
      await from.sql.begin(async (tx) => {
        await tx`select dpg_private.lock_network(${network}, 10000)`;
        last = await contents(tx, network);
        await tx`select dpg_private.close_network(${network}, ${serverOf(to)})`;
      });
    },
    async open() {
      await to.sql`select dpg_private.open_network(${network}, ${last}::text::jsonb)`;
    },
  };
}

async function contents(sql: postgres.Sql | postgres.TransactionSql, network: string): Promise<string> {
  const [row] = await sql<{ contents: string }[]>`
    select dpg_private.network_contents(${network})::text as contents`;
  return row?.contents as string;
}

export async function move(network: string, from: TestDatabase, to: TestDatabase): Promise<void> {
  const { close, open } = await beginMove(network, from, to);
  await close();
  await open();
}
