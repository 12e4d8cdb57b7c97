// Writers of a network, as an application has them: they know the SDK and nothing of moves. Each notes what was acknowledged.

import { randomUUID } from 'node:crypto';
import type { Dpg } from '../../../sdk/index.js';

const URL_OF_INSTANCE = 'https://demo.example.com';
const SCHEMA = 'https://schemas.example.com/note.json';

export interface Acknowledged {
  /** By id: the number that the state of the item has. */
  items: Map<string, number>;
  /** By id: how many changes of status the action had. */
  actions: Map<string, number>;
}

export class Writer {
  readonly acknowledged: Acknowledged = { items: new Map(), actions: new Map() };
  writes = 0;
  /** Milliseconds that one call took at most. */
  longest = 0;

  constructor(
    private readonly dpg: Dpg,
    private readonly network: string,
    private readonly actor: string,
  ) {}

  /** Until it is told to stop. A call that fails ends the demo: nothing may fail. */
  async run(isRunning: () => boolean): Promise<void> {
    const { items, actions } = this.acknowledged;
    const { items: ofItems, actions: ofActions } = this.dpg.as(this.actor);
    const keys = { item_network: this.network, item_domain: 'note', item_type: 'note' };
    for (let n = 1; isRunning(); n += 1) {
      const ids = [randomUUID(), randomUUID()] as const;
      for (const item_id of ids) {
        await this.#timed(() =>
          ofItems.upsert({
            ...keys,
            item_id,
            item_instance_url: URL_OF_INSTANCE,
            item_schema_url: SCHEMA,
            item_state: { number: n },
          }),
        );
        items.set(item_id, n);
      }
      const [source, target] = ids.map((item_id) => ({ ...keys, item_id }));
      if (!source || !target) return;
      const action_id = randomUUID();
      await this.#timed(() => ofActions.perform({ action_type: 'answer', source, target, action_id }));
      actions.set(action_id, 0);
      const action = { partition_network: this.network, action_type: 'answer', action_id };
      for (const [index, action_status] of ['seen', 'accepted'].entries()) {
        if (!isRunning()) return;
        await this.#timed(() => ofActions.transition(action, { action_status }));
        actions.set(action_id, index + 1);
      }
    }
  }

  async #timed(call: () => Promise<unknown>): Promise<void> {
    const start = performance.now();
    await call();
    this.longest = Math.max(this.longest, performance.now() - start);
    this.writes += 1;
  }
}
