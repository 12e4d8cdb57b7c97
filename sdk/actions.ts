import { z } from 'zod';
import {
  check,
  checkEach,
  document,
  documentOrEmpty,
  fields,
  id,
  instead,
  type JsonObject,
  key,
  latitude,
  longitude,
  newId,
  page,
  remarks,
  ruleLimit,
  together,
  updateCount,
  url,
} from './arguments.js';
import { call, type Queryable } from './client.js';
import { DpgError, type InvalidArgumentError, toDpgError } from './errors.js';
import { getItems, type ItemRef, itemRef } from './items.js';
import { type List, list } from './pages.js';
import type {
  Action,
  ActionCount,
  FoundAction,
  ItemActionCount,
  OwnershipRole,
  TransitionRow,
} from './rows.js';

export type { Action, ActionCount, FoundAction, ItemActionCount, OwnershipRole };

/** Names one action; an action row will do. */
export const actionRef = z.object(
  { partition_network: key, action_type: key, action_id: id },
  'Pass an object with the fields partition_network, action_type, action_id.',
);

const A_SIDE = 'A transition is by source, target or either.';

export const defineAction = fields({
  partition_network: key,
  action_type: key,
  transitions: z
    .array(
      fields({ from: key, to: key, by: z.enum(['source', 'target', 'either'], A_SIDE) }),
      'Pass an array of transitions: [] allows no change, null removes the declaration.',
    )
    .nullable(),
  initial_status: key.nullish().transform((given) => given ?? 'created'),
  rules: fields({
    final_statuses: z.array(key, 'Pass an array of statuses.').nullish(),
    max_open_per_pair: ruleLimit,
    max_open_per_source: ruleLimit,
    different_owners: z.boolean('Pass true or false.').nullish(),
  }).nullish(),
});

const made = {
  requirements_snapshot: documentOrEmpty,
  remarks,
  event_payload: document.nullish(),
  action_id: newId,
  performed_by: key.nullish(),
};

export const performAction = fields({ action_type: key, source: itemRef, target: itemRef, ...made });

export const receiveAction = fields({
  action_type: key,
  source: itemRef,
  source_item_instance_url: url,
  source_item_owner: key,
  target: itemRef,
  ...made,
  source_item_latitude: latitude.nullish(),
  source_item_longitude: longitude.nullish(),
}).superRefine(together('source_item_latitude', 'source_item_longitude'));

const moved = {
  action_status: key,
  expected_update_count: updateCount.nullish(),
  event_payload: document.nullish(),
  remarks,
  event_id: newId,
  performed_by: key.nullish(),
};

export const transitionAction = fields(moved);

const UP_TO_1000 = 'Pass an array of 1 to 1,000 transitions.';
export const transitionActions = z
  .array(fields({ ...actionRef.shape, ...moved }), UP_TO_1000)
  .min(1, UP_TO_1000)
  .max(1000, UP_TO_1000);
/** The array alone: what is wrong with an element is the result of that element. */
const transitions = z.array(z.unknown(), UP_TO_1000).min(1, UP_TO_1000).max(1000, UP_TO_1000);

export const receiveTransition = fields({
  source_item_instance_url: url,
  source_item_owner: key,
  ...actionRef.shape,
  ...moved,
});

/** Whose actions and events a list has. */
export const ownershipRole = z
  .enum(['initiated', 'received', 'all'], 'A role is initiated, received or all.')
  .nullish()
  .transform((given) => given ?? 'all');

const several = (what: string) =>
  z.array(key, `Pass an array of ${what}: each is text of 1 to 120 characters.`).readonly().nullish();

export const findActions = fields({
  ownership_role: ownershipRole,
  partition_network: key.nullish(),
  action_type: key.nullish(),
  action_status: key.nullish(),
  item_id: id.nullish(),
  action_types: several('action types'),
  action_statuses: several('statuses'),
  action_id: id.nullish(),
  oldest_first: z.boolean('Pass true for the oldest change first.').nullish(),
  with_items: z.boolean('Pass true for state and status of both items.').nullish(),
  ...page,
})
  .superRefine(
    instead(
      'action_types',
      'action_type',
      'Pass action_type for one, action_types for several, or neither for all.',
    ),
  )
  .superRefine(
    instead(
      'action_statuses',
      'action_status',
      'Pass action_status for one, action_statuses for several, or neither for all.',
    ),
  );

export const countActions = fields({
  ownership_role: ownershipRole,
  partition_network: key.nullish(),
  action_type: key.nullish(),
  item_id: id.nullish(),
});

export const countItemActions = getItems;

export type ActionRef = z.input<typeof actionRef>;
export type DefineAction = z.input<typeof defineAction>;
export type PerformAction = z.input<typeof performAction>;
export type ReceiveAction = z.input<typeof receiveAction>;
export type TransitionAction = z.input<typeof transitionAction>;
export type TransitionMany = z.input<typeof transitionActions.element>;
export type ReceiveTransition = z.input<typeof receiveTransition>;
export type FindActions = z.input<typeof findActions>;
export type CountActions = z.input<typeof countActions>;

/**
 * What became of one of many transitions: the action as it is now, or the refusal. `index` is its place among them;
 * `action_id` is null where what was given is no UUID.
 */
export type TransitionResult =
  | { index: number; action_id: string; action_status: string; update_count: number; error: null }
  | { index: number; action_id: string | null; action_status: null; update_count: null; error: DpgError };

function refused(index: number, action_id: string | null, error: DpgError): TransitionResult {
  return { index, action_id, action_status: null, update_count: null, error };
}

/** The result of an element that was sent; `index` is its place among those that the caller gave. */
function resultOf(row: TransitionRow, index: number): TransitionResult {
  const { action_id, action_status, update_count, code, message, hint, detail } = row;
  if (code !== null) {
    const raised = { code, hint, detail: JSON.stringify({ ...detail, index }) };
    return refused(index, action_id, toDpgError(Object.assign(new Error(message ?? ''), raised)) as DpgError);
  }
  return { index, action_id, action_status, update_count, error: null } as TransitionResult;
}

/** What is done on behalf of no user of this instance. */
export function instanceActions<Json = JsonObject>(sql: Queryable) {
  return {
    /**
     * Declares the state graph of an action type in a network: its initial status and who may move it from which status
     * to which. It replaces the former one; `[]` allows no change, null removes the graph. An undeclared action
     * type takes any status from either party.
     *
     * `rules` say which statuses are final, how many actions may be open between two items or from one source, and whether
     * the items must be of different owners ({@link LimitReachedError}). Without `rules` those that are there stay, `{}`
     * clears them; with `rules` and null for `transitions` the graph stays.
     */
    async define(definition: DefineAction): Promise<void> {
      return call(sql, 'define_action', check(defineAction, definition, 'definition'));
    },

    /**
     * Takes a request from an item of another instance, which vouches for its owner. The caller has authenticated that
     * instance. Sends a random `action_id` unless you give one; with that of the message it can be repeated safely.
     * @throws {ItemNotFoundError} {@link DuplicateDiffersError}
     */
    async receive(received: ReceiveAction): Promise<Action<Json>> {
      return call(sql, 'receive_action', check(receiveAction, received, 'received'));
    },

    /**
     * Moves an action on behalf of its source party on another instance: URL and owner must be those of the action.
     * @throws {ActionNotFoundError} {@link NotActionPartyError} {@link VersionConflictError}
     *   {@link TransitionNotAllowedError} {@link DuplicateDiffersError}
     */
    async receiveTransition(received: ReceiveTransition): Promise<Action<Json>> {
      return call(sql, 'receive_transition', check(receiveTransition, received, 'received'));
    },

    /**
     * How many actions each of up to 1,000 items has, by part (`initiated`: the item is the source; `received`: the
     * target), type and status, and when one of them last changed; actions of the item's own network. In the order of
     * the items; what has no action has no row. It takes no actor: the application decides who may ask.
     */
    async itemCounts(refs: readonly ItemRef[]): Promise<ItemActionCount[]> {
      return call(sql, 'count_item_actions', { items: check(countItemActions, refs, 'items') });
    },
  };
}

/** What a user of this instance does. */
export function actorActions<Json = JsonObject>(sql: Queryable, actor: string) {
  return {
    /**
     * Makes an action from an item of the actor to another item of this instance, and its first event with it. Sends a
     * random `action_id` unless you give one; with yours the call can be repeated safely. `performed_by` says who carries
     * it out for the actor, a service or an organisation; without it the actor does so.
     * @throws {UserNotFoundError} {@link ItemNotFoundError} {@link NotItemOwnerError} {@link DuplicateDiffersError}
     */
    async perform(request: PerformAction): Promise<Action<Json>> {
      return call(sql, 'perform_action', { actor, ...check(performAction, request, 'request') });
    },

    /**
     * Gives an action of the actor's another status: `update_count` grows by 1 and one event is appended. With
     * `expected_update_count` it happens only if nobody moved the action since. Without `remarks` those of the action
     * stay. Sends a random `event_id` unless you give one; with yours the call can be repeated safely. `performed_by` is
     * of this change alone: without it nobody carried it out for the actor, whoever did so before.
     * @throws {ActionNotFoundError} {@link NotActionPartyError} {@link VersionConflictError}
     *   {@link TransitionNotAllowedError} {@link DuplicateDiffersError}
     */
    async transition(ref: ActionRef, transition: TransitionAction): Promise<Action<Json>> {
      return call(sql, 'transition_action', {
        actor,
        ...check(actionRef, ref, 'action'),
        ...check(transitionAction, transition, 'transition'),
      });
    },

    /**
     * Up to 1,000 transitions in one call, each on its own: the results come in the order given, each with the action's
     * new status and `update_count`, or with its refusal as `error`, which is not thrown. One that is refused changes
     * nothing of the others; the same action twice changes twice. Sends a random `event_id` for each unless you give one;
     * with yours the call can be repeated safely.
     * @throws {InvalidArgumentError} for what is no array of 1 to 1,000. {@link WriteSuppressedError}
     */
    async transitionMany(many: readonly TransitionMany[]): Promise<TransitionResult[]> {
      const given = check(transitions, many, 'transitions');
      const checked = checkEach(transitionActions.element, given, 'transitions');
      const sent = [...checked.entries()].filter(([, element]) => !(element instanceof DpgError));
      const rows =
        sent.length === 0
          ? []
          : await call(sql, 'transition_actions', {
              actor,
              transitions: sent.map(([, element]) => element),
            });
      const results = checked.map((element, index) => refused(index, null, element as InvalidArgumentError));
      for (const row of rows) {
        const index = (sent[row.index] as (typeof sent)[number])[0];
        results[index] = resultOf(row, index);
      }
      return results;
    },

    /**
     * One action, for its parties.
     * @throws {ActionNotFoundError} {@link NotActionPartyError}
     */
    async get(ref: ActionRef): Promise<Action<Json>> {
      return call(sql, 'get_action', { actor, ...check(actionRef, ref, 'action') });
    },

    /**
     * The actor's actions, latest change first, or with `oldest_first` the other way round: those that the actor
     * `initiated`, `received`, or `all`. `item_id` is that of the actor's side. `action_types` and `action_statuses` take
     * several; an empty array finds nothing. `with_items` adds state and status of both items as they are now, null where
     * the item lives on another instance or is gone. Await it for a page (20 rows unless `page_size` says 1 to 1,000), or
     * iterate it for all.
     * @throws {InvalidPageTokenError}
     */
    find(filter: FindActions = {}): List<FoundAction<Json>> {
      return list(
        () => check(findActions, filter, 'filter'),
        (values) => call(sql, 'find_actions', { actor, ...values }),
      );
    },

    /**
     * How many actions the actor has, by role (`initiated`, `received`), network, type and status, and when one of them
     * last changed (`latest_at`): for tabs and badges. An action of which the actor owns both sides counts in both roles.
     * `item_id` is that of the actor's side. What has no action has no row.
     */
    async counts(filter: CountActions = {}): Promise<ActionCount[]> {
      return call(sql, 'count_actions', { actor, ...check(countActions, filter, 'filter') });
    },
  };
}

export type InstanceActions<Json = JsonObject> = ReturnType<typeof instanceActions<Json>>;
export type ActorActions<Json = JsonObject> = ReturnType<typeof actorActions<Json>>;
