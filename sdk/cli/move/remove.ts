// Takes leaves of a network away, with what they hold: on the receiver when a move is aborted, on the sender when it is finished.
// The roots are everybody's. So a network is detached concurrently, which takes no lock for which a reader or a writer of another
// network would wait; and what then must be locked for a moment is asked for in short tries.

import { identifier } from '../adopt/sql-text.js';
import { Refusal } from '../command.js';
import type { Home } from './servers.js';
import { pause } from './servers.js';

interface Part {
  root: string;
  name: string;
  is_there: boolean;
  is_attached: boolean;
  is_pending: boolean;
}

/** Actions refer to items, so they go first. */
const ORDER = ['action_events', 'item_actions', 'items'];
const LONGEST_WAIT = '100ms';

export async function removeLeaves(
  home: Home,
  network: string,
  { patience, say }: { patience: number; say(line: string): void },
): Promise<void> {
  const end = Date.now() + patience * 1000;
  for (const root of ORDER) {
    for (let waits = 0; ; waits += 1) {
      const part = await readPart(home, root, network);
      if (!part?.is_there) break;
      const table = `dpg.${identifier(part.name)}`;
      const statement = part.is_pending
        ? `alter table dpg.${root} detach partition ${table} finalize`
        : part.is_attached
          ? `alter table dpg.${root} detach partition ${table} concurrently`
          : `drop table ${table}`;
      const refusal = await tryStatement(home, statement);
      if (refusal === undefined) continue;
      if (Date.now() > end) {
        throw new Refusal(
          `${part.name} could not be taken away within ${patience} s: ${refusal}`,
          `A long transaction reads or writes dpg.${root} or public."user", or another partition is being detached: see pg_stat_activity. Run the command again then; it goes on where it was.`,
        );
      }
      if (waits % 20 === 0) say(`${part.name}: ${refusal}`);
      await pause(200 + Math.random() * 200);
    }
  }
}

async function readPart({ aside }: Home, root: string, network: string): Promise<Part | undefined> {
  const [part] = await aside<Part[]>`
    select p.root, p.name, c.oid is not null as is_there, i.inhrelid is not null as is_attached,
      coalesce(i.inhdetachpending, false) as is_pending
    from dpg_private.partition_names p
    left join pg_class c on c.oid = to_regclass('dpg.' || p.name) and c.relkind = 'p'
    left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = to_regclass('dpg.' || p.root)
    where p.root = ${root}
      and p.network = ${network}
      and p.key is null`;
  return part;
}

/** Why it could not be done now. */
async function tryStatement({ aside }: Home, statement: string): Promise<string | undefined> {
  await aside.unsafe(`set lock_timeout = '${LONGEST_WAIT}'`);
  try {
    await aside.unsafe(statement);
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    // a lock, or another partition of the root that is being detached
    if (code === '55P03' || code === '55000' || code === '40P01') return message;
    throw error;
  } finally {
    await aside.unsafe('set lock_timeout = 0');
  }
}
