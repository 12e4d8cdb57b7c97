// The same events in this project and in message-db: an action here is a stream there.

import { withAdmin } from '../../support/server.js';
import type { Bench } from '../experiment.js';

export const NETWORK = 'yellow_dot';
export const ACTION_TYPE = 'connect';
export const OWNER = 'ravi';
const URL = 'https://yellowdot.example.com';
/** Actions in a transaction, while the events are made. */
const CHUNK = 200;

export interface EventWorlds {
  dpg: string;
  messageDb: string;
}

export const actionId = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
export const streamOf = (n: number) => `${ACTION_TYPE}-${actionId(n)}`;

/** So many actions, each with its first event and so many later ones. Nobody has read them. */
export async function eventWorlds(bench: Bench, actions: number, updates: number): Promise<EventWorlds> {
  const events = actions * (updates + 1);
  bench.say(`making ${events.toLocaleString('en')} events`);
  const [dpg, messageDb] = [await bench.databases.migrated(), await bench.databases.withMessageDb()];
  await Promise.all([fillDpg(dpg, actions, updates), fillMessageDb(messageDb, actions, updates)]);
  return { dpg, messageDb };
}

/** Where nobody waits for the disk, whatever the server does. */
export async function withoutFlush(url: string): Promise<void> {
  await withAdmin(url, (sql) =>
    sql.unsafe(
      `do $do$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $do$`,
    ),
  );
}

const idOf = `('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;

async function fillDpg(url: string, actions: number, updates: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql`set synchronous_commit = off`;
    await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x'), (${OWNER}, 'Ravi', 'r@x')`;
    for (const [owner, domain] of [
      ['asha', 'student'],
      [OWNER, 'tutor'],
    ] as const)
      await sql`
        select count(dpg.upsert_item(${owner}, ${NETWORK}, ${domain}, 'profile_1.0', ${URL}, 'https://schemas.example.com/profile_v1.json',
          item_latitude => 12.97, item_longitude => 77.59, item_id => ${sql.unsafe(idOf)}))
        from generate_series(0, 99) n`;
    for (let from = 0; from < actions; from += CHUNK)
      await sql`
        select count(*)
        from generate_series(${from}::integer, ${Math.min(from + CHUNK, actions) - 1}::integer) n
        cross join lateral dpg.perform_action('asha', ${ACTION_TYPE},
          row(${NETWORK}::text, 'student', 'profile_1.0', ('00000000-0000-4000-8000-' || lpad(to_hex(n % 100), 12, '0'))::uuid)::dpg.item_ref,
          row(${NETWORK}::text, 'tutor', 'profile_1.0', ('00000000-0000-4000-8000-' || lpad(to_hex(n / 100 % 100), 12, '0'))::uuid)::dpg.item_ref,
          action_id => ${sql.unsafe(idOf)}) a`;
    // an update of all actions at a time, so that what follows another in the feed is of another action
    for (let update = 1; update <= updates; update += 1)
      for (let from = 0; from < actions; from += CHUNK)
        await sql`
          select count(dpg.transition_action(${OWNER}, ${NETWORK}, ${ACTION_TYPE}, ${sql.unsafe(idOf)}, ${`status ${update}`}))
          from generate_series(${from}::integer, ${Math.min(from + CHUNK, actions) - 1}::integer) n`;
    await sql`vacuum analyze`;
  });
}

async function fillMessageDb(url: string, actions: number, updates: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql`set synchronous_commit = off`;
    await sql`set search_path = message_store, public`;
    for (let update = 0; update <= updates; update += 1)
      for (let from = 0; from < actions; from += CHUNK)
        await sql`
          select count(write_message(gen_random_uuid()::text, ${ACTION_TYPE} || '-' || ${sql.unsafe(idOf)},
            ${`status ${update}`}, jsonb_build_object('status', ${`status ${update}`}::text)))
          from generate_series(${from}::integer, ${Math.min(from + CHUNK, actions) - 1}::integer) n`;
    await sql`vacuum analyze`;
  });
}
