import { z } from 'zod';
import { ownershipRole } from './actions.js';
import {
  check,
  document,
  fields,
  id,
  type JsonObject,
  key,
  latitude,
  longitude,
  page,
  remarks,
  time,
  together,
  updateCount,
  url,
} from './arguments.js';
import { call, JsonText, type Queryable } from './client.js';
import { isTextTooDeep, MOST_LEVELS } from './documents.js';
import { InvalidArgumentError } from './errors.js';
import { type List, list } from './pages.js';
import type { ActionEvent, FoundEvent } from './rows.js';

export type { ActionEvent, FoundEvent };

export const storeEvent = fields({
  partition_network: key,
  action_type: key,
  event_id: id,
  origin_instance_domain: url,
  action_id: id,
  action_status: key,
  update_count: updateCount,
  source_item_network: key,
  source_item_domain: key,
  source_item_type: key,
  source_item_id: id,
  source_item_instance_url: url,
  source_item_owner: key,
  source_item_latitude: latitude.nullish(),
  source_item_longitude: longitude.nullish(),
  target_item_network: key,
  target_item_domain: key,
  target_item_type: key,
  target_item_id: id,
  target_item_instance_url: url,
  target_item_owner: key,
  target_item_latitude: latitude.nullish(),
  target_item_longitude: longitude.nullish(),
  event_payload: document,
  remarks,
  created_at: time,
  performed_by: key.nullish(),
  acting_side: z.enum(['source', 'target'], 'A side is source or target.').nullish(),
  // columns of a row that was read on the instance that made it: the database finds them out anew
  source_item_is_local: z.boolean().nullish(),
  target_item_is_local: z.boolean().nullish(),
})
  .superRefine(together('source_item_latitude', 'source_item_longitude'))
  .superRefine(together('target_item_latitude', 'target_item_longitude'));

const storedEvent = fields({ event: storeEvent });
const eventAsText = fields({ event: z.string('Pass the event as JSON text.') });

export const findEvents = fields({
  ownership_role: ownershipRole,
  partition_network: key.nullish(),
  action_type: key.nullish(),
  action_id: id.nullish(),
  action_status: key.nullish(),
  update_count: updateCount.nullish(),
  item_id: id.nullish(),
  ...page,
});

export type StoreEvent = z.input<typeof storeEvent>;
export type FindEvents = z.input<typeof findEvents>;

/** What is done on behalf of no user of this instance. */
export function instanceEvents<Json = JsonObject>(sql: Queryable) {
  return {
    /**
     * Keeps an event that another instance made, as it is. The same again returns the stored row.
     * @throws {DuplicateDiffersError}
     */
    async store(event: StoreEvent): Promise<ActionEvent<Json>> {
      return call(sql, 'store_event', check(storedEvent, { event }));
    },

    /**
     * The same for an event as JSON text, which goes to the database as it is: numbers keep digits that JavaScript's
     * would lose.
     * @throws {DuplicateDiffersError} {@link InvalidArgumentError}
     */
    async storeText(event: string): Promise<ActionEvent<Json>> {
      if (typeof event !== 'string') check(eventAsText, { event });
      // at which depth PostgreSQL cannot read it any more, depends on the settings of the server
      if (isTextTooDeep(event))
        throw new InvalidArgumentError('DP001', 'event is nested too deep', {
          detail: { argument: 'event', value: `${event.slice(0, 200)}...` },
          hint: `An event has at most ${MOST_LEVELS.toLocaleString('en')} objects and arrays in one another.`,
        });
      return call(sql, 'store_event', { event: new JsonText(event) });
    },
  };
}

/** What a user of this instance may see. */
export function actorEvents<Json = JsonObject>(sql: Queryable, actor: string) {
  return {
    /**
     * The events of the actor's actions, newest first: of those that the actor `initiated`, `received`, or `all`.
     * `item_id` is that of the actor's side. Await it for a page (20 rows unless `page_size` says 1 to 1,000), or
     * iterate it for all.
     * @throws {InvalidPageTokenError}
     */
    find(filter: FindEvents = {}): List<FoundEvent<Json>> {
      return list(
        () => check(findEvents, filter, 'filter'),
        (values) => call(sql, 'find_events', { actor, ...values }),
      );
    },
  };
}

export type InstanceEvents<Json = JsonObject> = ReturnType<typeof instanceEvents<Json>>;
export type ActorEvents<Json = JsonObject> = ReturnType<typeof actorEvents<Json>>;
