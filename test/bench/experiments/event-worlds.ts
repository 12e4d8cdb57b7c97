// The same events in this project and in message-db: an action here is a stream there.

import { withAdmin } from '../../support/server.js';
import type { Bench } from '../experiment.js';

export const NETWORK = 'yellow_dot';
export const ACTION_TYPE = 'connect';
export const OWNER = 'ravi';
const URL = 'https://yellowdot.example.com';
const TYPE = 'profile_1.0';
/** Of each side. */
const ITEMS = 100;
/** Actions in a transaction, while the events are made. */
const CHUNK = 200;

export interface EventWorlds {
  dpg: string;
  messageDb: string;
}

export const actionId = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** Categories of message-db: messages with a status alone, and with all that an event of ours says. */
export const SMALL = 'small';
export const WHOLE = 'whole';
export type Category = typeof SMALL | typeof WHOLE;
export const streamOf = (category: Category, n: number) => `${category}-${actionId(n)}`;

export function dataOf(category: Category, n: number, status: string) {
  if (category === SMALL) return { status };
  const side = (domain: string, owner: string, item: number) => ({
    item_network: NETWORK,
    item_domain: domain,
    item_type: TYPE,
    item_id: actionId(item),
    item_instance_url: URL,
    item_owner: owner,
    item_latitude: 12.97,
    item_longitude: 77.59,
  });
  return {
    status,
    partition_network: NETWORK,
    action_type: ACTION_TYPE,
    origin_instance_domain: URL,
    source: side('student', 'asha', n % ITEMS),
    target: side('tutor', OWNER, Math.floor(n / ITEMS) % ITEMS),
  };
}

/** So many actions, each with its first event and so many later ones. Nobody has read them. */
export async function eventWorlds(bench: Bench, actions: number, updates: number): Promise<EventWorlds> {
  const dpg = await dpgEvents(bench, actions, updates);
  const messageDb = await bench.databases.withMessageDb();
  await fillMessageDb(messageDb, actions, updates);
  return { dpg, messageDb };
}

/** In this project alone. */
export async function dpgEvents(bench: Bench, actions: number, updates: number): Promise<string> {
  bench.say(`making ${(actions * (updates + 1)).toLocaleString('en')} events`);
  const url = await bench.databases.migrated();
  await fillDpg(url, actions, updates);
  return url;
}

/** Where nobody waits for the disk, whatever the server does. */
export async function withoutFlush(url: string): Promise<void> {
  await withAdmin(url, (sql) =>
    sql.unsafe(
      `do $do$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $do$`,
    ),
  );
}

/** actionId in SQL. */
const idOf = (number: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;

async function fillDpg(url: string, actions: number, updates: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql`set synchronous_commit = off`;
    await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x'), (${OWNER}, 'Ravi', 'r@x')`;
    for (const [owner, domain] of [
      ['asha', 'student'],
      [OWNER, 'tutor'],
    ] as const)
      await sql`
        select count(dpg.upsert_item(${owner}, ${NETWORK}, ${domain}, ${TYPE}, ${URL}, 'https://schemas.example.com/profile_v1.json',
          item_latitude => 12.97, item_longitude => 77.59, item_id => ${sql.unsafe(idOf('n'))}))
        from generate_series(0, ${ITEMS - 1}::integer) n`;
    for (let from = 0; from < actions; from += CHUNK)
      await sql`
        select count(*)
        from generate_series(${from}::integer, ${Math.min(from + CHUNK, actions) - 1}::integer) n
        cross join lateral dpg.perform_action('asha', ${ACTION_TYPE},
          row(${NETWORK}::text, 'student', ${TYPE}::text, ${sql.unsafe(idOf(`n % ${ITEMS}`))})::dpg.item_ref,
          row(${NETWORK}::text, 'tutor', ${TYPE}::text, ${sql.unsafe(idOf(`n / ${ITEMS} % ${ITEMS}`))})::dpg.item_ref,
          action_id => ${sql.unsafe(idOf('n'))}) a`;
    // an update of all actions at a time, so that what follows another in the feed is of another action
    for (let update = 1; update <= updates; update += 1)
      for (let from = 0; from < actions; from += CHUNK)
        await sql`
          select count(dpg.transition_action(${OWNER}, ${NETWORK}, ${ACTION_TYPE}, ${sql.unsafe(idOf('n'))}, ${`status ${update}`}))
          from generate_series(${from}::integer, ${Math.min(from + CHUNK, actions) - 1}::integer) n`;
    await sql`vacuum analyze`;
  });
}

async function fillMessageDb(url: string, actions: number, updates: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql`set synchronous_commit = off`;
    await sql`set search_path = message_store, public`;
    for (const category of [SMALL, WHOLE] as const)
      for (let update = 0; update <= updates; update += 1)
        for (let from = 0; from < actions; from += CHUNK) {
          const numbers = Array.from({ length: Math.min(CHUNK, actions - from) }, (_, n) => from + n);
          const status = update === 0 ? 'created' : `status ${update}`;
          const messages = numbers.map((n) => [streamOf(category, n), dataOf(category, n, status)]);
          await sql`
            select count(write_message(gen_random_uuid()::text, m ->> 0, ${status}, m -> 1))
            from jsonb_array_elements(${sql.json(messages)}) m`;
        }
    await sql`vacuum analyze`;
  });
}
