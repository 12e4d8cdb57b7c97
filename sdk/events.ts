import { z } from 'zod';
import { type OwnershipRole, ownershipRole } from './actions.js';
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
import { call, JsonText, only, type Queryable, reading, row } from './client.js';
import { type List, type Listed, list } from './pages.js';

/** A row of `dpg.action_events`. */
export interface ActionEvent {
  /** The target's network. */
  partition_network: string;
  action_type: string;
  /** UUID, lower case. */
  event_id: string;
  /** URL of the instance that made the event: the one on which the action lives. */
  origin_instance_domain: string;
  action_id: string;
  /** Status of the action after the change. */
  action_status: string;
  /** `update_count` of the action after the change, 0 for its making. */
  update_count: number;
  source_item_network: string;
  source_item_domain: string;
  source_item_type: string;
  source_item_id: string;
  source_item_instance_url: string;
  source_item_owner: string;
  /** Degrees; where the source was when the action was made. */
  source_item_latitude: number | null;
  source_item_longitude: number | null;
  target_item_network: string;
  target_item_domain: string;
  target_item_type: string;
  target_item_id: string;
  target_item_instance_url: string;
  target_item_owner: string;
  /** Degrees; where the target was when the action was made. */
  target_item_latitude: number | null;
  target_item_longitude: number | null;
  /** What happened, for programs: `{ status }` unless given. */
  event_payload: JsonObject;
  /** A short note, for people. */
  remarks: string | null;
  /** ISO 8601 in UTC with microseconds: `2026-11-22T12:00:00.123456Z`. */
  created_at: string;
  /** Whether the source is an item of this instance. */
  source_item_is_local: boolean;
  /** Whether this instance made the event; false for a mirrored one. */
  target_item_is_local: boolean;
}

/** An event in a list. */
export interface FoundEvent extends ActionEvent, Listed {
  ownership_roles: OwnershipRole[];
}

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
  // columns of a row that was read on the instance that made it: the database finds them out anew
  source_item_is_local: z.boolean().nullish(),
  target_item_is_local: z.boolean().nullish(),
})
  .superRefine(together('source_item_latitude', 'source_item_longitude'))
  .superRefine(together('target_item_latitude', 'target_item_longitude'));

const storedEvent = fields({ event: storeEvent });

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

/** The columns that JSON would bend. */
export const exactEventColumns = {
  source_item_latitude: 'double',
  source_item_longitude: 'double',
  target_item_latitude: 'double',
  target_item_longitude: 'double',
  created_at: 'time',
} as const;

const store_event = call('store_event', { event: 'jsonb' }, row<ActionEvent>(exactEventColumns));
const find_events = reading(
  'find_events',
  {
    actor: 'text',
    ownership_role: 'text',
    partition_network: 'text',
    action_type: 'text',
    action_id: 'uuid',
    action_status: 'text',
    update_count: 'integer',
    item_id: 'uuid',
    page_size: 'integer',
    page_token: 'text',
  },
  row<FoundEvent>(exactEventColumns),
);

/** What is done on behalf of no user of this instance. */
export function instanceEvents(sql: Queryable) {
  return {
    /**
     * Keeps an event that another instance made, as it is. The same again returns the stored row.
     * @throws {DuplicateDiffersError}
     */
    async store(event: StoreEvent): Promise<ActionEvent> {
      return only(await store_event(sql, check(storedEvent, { event })));
    },

    /**
     * The same for an event as JSON text, which goes to the database as it is: numbers keep digits that JavaScript's
     * would lose.
     * @throws {DuplicateDiffersError} {@link InvalidArgumentError}
     */
    async storeText(event: string): Promise<ActionEvent> {
      return only(await store_event(sql, { event: new JsonText(event) }));
    },
  };
}

/** What a user of this instance may see. */
export function actorEvents(sql: Queryable, actor: string) {
  return {
    /**
     * The events of the actor's actions, newest first: of those that the actor `initiated`, `received`, or `all`.
     * `item_id` is that of the actor's side. Await it for a page (20 rows unless `page_size` says 1 to 1,000), or
     * iterate it for all.
     * @throws {InvalidPageTokenError}
     */
    find(filter: FindEvents = {}): List<FoundEvent> {
      return list(
        () => check(findEvents, filter),
        (values) => find_events(sql, { actor, ...values }),
      );
    },
  };
}

export type InstanceEvents = ReturnType<typeof instanceEvents>;
export type ActorEvents = ReturnType<typeof actorEvents>;
