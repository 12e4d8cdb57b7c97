// Two instances without a network between them: a fetch that calls the other's handler.

import type postgres from 'postgres';
import { type Action, createDpg, type Dpg, type Item } from '../../sdk/index.js';
import { type HandlerOptions, handler } from '../../sdk/mirror/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import type { TestDatabase } from '../support/test-database.js';

export const SECRET = 'a secret of thirty-two characters';

export interface Instance {
  url: string;
  dpg: Dpg<postgres.Sql>;
  sql: postgres.Sql;
  /** The other side's fetch: every request goes to this instance's handler. */
  fetch: typeof fetch;
}

/** With the rights of an application, and users as given; it shares the secret with those peers. */
export async function instance(
  database: TestDatabase,
  url: string,
  users: string[],
  peers: string[],
  options: Partial<HandlerOptions> = {},
): Promise<Instance> {
  await addUsers(database.sql, ...users);
  const dpg = createDpg(database.connect({ role: 'dpg_app', max: 6 }));
  const secretOf = (peer: string) => (peers.includes(peer) ? SECRET : undefined);
  const handle = handler({ dpg, secretOf, ...options });
  const answer = (target: string | URL | Request, init?: RequestInit) => handle(new Request(target, init));
  return { url, dpg, sql: database.sql, fetch: answer as typeof fetch };
}

export function studentAt(instance: Instance, owner: string): Promise<Item> {
  return instance.dpg.as(owner).items.upsert(student({ item_instance_url: instance.url }));
}

export function tutorAt(instance: Instance, owner: string): Promise<Item> {
  return instance.dpg.as(owner).items.upsert(tutor({ item_instance_url: instance.url }));
}

/** As if it had come from that other instance. */
export function requestFrom(url: string, at: Instance, source: object, target: Item): Promise<Action> {
  return at.dpg.actions.receive({
    action_type: 'connect',
    source: source as Item,
    source_item_instance_url: url,
    source_item_owner: 'asha',
    target,
  });
}

/** The events of actions that started at `source`, as text, but for whose users the owners are. */
export async function log(sql: postgres.Sql, source: string): Promise<string[]> {
  const rows = await sql`
    select (to_jsonb(e) - array['source_item_is_local', 'target_item_is_local'])::text as event
    from dpg.action_events e where e.source_item_instance_url = ${source}
    order by e.action_id, e.update_count`;
  return rows.map(({ event }) => event);
}

export async function until(isTrue: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`in vain: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
