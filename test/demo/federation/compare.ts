// The log of one instance beside that of another: each event as text, but for what differs by design (whose users the
// owners are).

import { withAdmin } from '../../support/server.js';
import type { Instance } from './instance.js';

export interface Comparison {
  here: number;
  there: number;
  /** Event ids whose text differs or that only one side has. */
  differing: string[];
}

export async function compareLogs(home: Instance, other: Instance): Promise<Comparison> {
  const [left, right] = await Promise.all([eventsFor(home, other.url), eventsFor(other, other.url)]);
  const ids = new Set([...left.keys(), ...right.keys()]);
  return {
    here: left.size,
    there: right.size,
    differing: [...ids].filter((id) => left.get(id) !== right.get(id)),
  };
}

/** Every event of an action that started at `source`, by its id. */
async function eventsFor(instance: Instance, source: string): Promise<Map<string, string>> {
  const rows = await withAdmin(
    instance.databaseUrl,
    (sql) => sql`
      select e.event_id, (to_jsonb(e) - array['source_item_is_local', 'target_item_is_local'])::text as event
      from dpg.action_events e
      where e.source_item_instance_url = ${source}`,
  );
  return new Map(rows.map(({ event_id, event }) => [event_id, event]));
}
