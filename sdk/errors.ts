// The errors of the contract: a class for each SQLSTATE from DP001 to DP018.

/** What a refusal says for programs: the error's DETAIL, parsed. */
export type ErrorDetail = Record<string, unknown>;

/** What every refusal says; a code that this version does not know is no more than this. */
class Refusal<Code extends string, Detail> extends Error {
  override name = 'DpgError';
  /** The SQLSTATE. */
  readonly code: Code;
  /** The values concerned, for programs; null when the error came without. */
  readonly detail: Detail | null;
  /** What to do about it. */
  readonly hint: string | null;

  constructor(
    code: Code,
    message: string,
    {
      detail = null,
      hint = null,
      cause,
    }: { detail?: Detail | null; hint?: string | null; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.detail = detail;
    this.hint = hint;
  }
}

/**
 * `argument` is what was refused, `value` what it was, `index` the position in an array, counted from 0; of a network
 * document `path` is a JSON pointer into it.
 */
export type InvalidArgumentDetail = { argument: string; value: unknown; index?: number; path?: string };

/** The item concerned. */
export type ItemDetail = { item_network: string; item_domain: string; item_type: string; item_id: string };

/** The action concerned. */
export type ActionDetail = { partition_network: string; action_type: string; action_id: string };

/**
 * DP001: an argument out of range, missing, unknown or malformed. Raised by the database, or by the SDK before it asks
 * the database: then `cause` is the ZodError.
 */
export class InvalidArgumentError extends Refusal<'DP001', InvalidArgumentDetail> {
  override name = 'InvalidArgumentError';
}

/** DP002: no such item on this instance. */
export class ItemNotFoundError extends Refusal<'DP002', ItemDetail> {
  override name = 'ItemNotFoundError';
}

/** DP003: the actor does not own the item. */
export class NotItemOwnerError extends Refusal<'DP003', ItemDetail & { actor: string; index?: number }> {
  override name = 'NotItemOwnerError';
}

/** DP004: no such action on this instance. */
export class ActionNotFoundError extends Refusal<'DP004', ActionDetail> {
  override name = 'ActionNotFoundError';
}

/** DP005: the actor is no party of the action, or the declared transition is not for that side. */
export class NotActionPartyError extends Refusal<
  'DP005',
  ActionDetail & { actor: string; from?: string; to?: string; by?: 'source' | 'target' }
> {
  override name = 'NotActionPartyError';
}

/** The status that an item has (a new one has none), and the one that it cannot get. */
export type ItemStatusDetail = ItemDetail & { from?: string; to: string; index?: number };

/**
 * A change that there is not. Of an action that cannot be closed with its item: `to` is the first of `close_actions_as` (null
 * where that was empty), `acting_side` the side of the item.
 */
export type TransitionDetail = ActionDetail & {
  from: string;
  to: string;
  close_actions_as?: string[];
  acting_side?: 'source' | 'target';
};

/**
 * DP006: the state graph of the action has no such edge, or none to a status that closes it with its item. Of an item: its
 * domain knows no such status, or the item is in a final one.
 */
export class TransitionNotAllowedError extends Refusal<'DP006', TransitionDetail | ItemStatusDetail> {
  override name = 'TransitionNotAllowedError';
}

/** What an action was expected to be, and what it is. */
export type ActionConflict = ActionDetail & {
  expected_update_count: number;
  update_count: number;
  action_status: string;
};

/** When an item was expected to have changed last, and when it did. */
export type ItemConflict = ItemDetail & { expected_updated_at: string; updated_at: string };

/** DP007: somebody else changed it first; read it again and decide anew. */
export class VersionConflictError extends Refusal<'DP007', ActionConflict | ItemConflict> {
  override name = 'VersionConflictError';
}

/** The event concerned; where it is between other items than its action, that and its origin too. */
export type EventDetail = {
  partition_network: string;
  action_type: string;
  event_id: string;
  origin_instance_domain?: string;
  action_id?: string;
};

/** The subscription that is there, with its filters. */
export type SubscriptionDetail = {
  subscription: string;
  partition_network: string | null;
  action_type: string | null;
  source_item_instance_url: string | null;
};

/** DP008: the same id of an action or event, or the same name of a subscription, was used before, with other content. */
export class DuplicateDiffersError extends Refusal<'DP008', ActionDetail | EventDetail | SubscriptionDetail> {
  override name = 'DuplicateDiffersError';
}

/** DP009: the actor is not in the user table. */
export class UserNotFoundError extends Refusal<'DP009', { actor: string }> {
  override name = 'UserNotFoundError';
}

/** The partition concerned: root table, network, and domain or action type. Why, in further members. */
export type PartitionDetail = { root: string; network: string; key: string; [why: string]: unknown };

/**
 * DP010: the partition cannot be made: another table has its name or bound, a lock could not be had in time, or a
 * limit is reached.
 */
export class PartitionUnavailableError extends Refusal<'DP010', PartitionDetail> {
  override name = 'PartitionUnavailableError';
}

/** DP011: not a page token of this call with these filters. */
export class InvalidPageTokenError extends Refusal<'DP011', { page_token: string }> {
  override name = 'InvalidPageTokenError';
}

/** DP012: an attempt to change or remove an event, or its audit. */
export class EventImmutableError extends Refusal<'DP012', { operation: string; relation: string }> {
  override name = 'EventImmutableError';
}

/** DP013: an action refers to the item, or a row of the application by the `constraint` of its table, `relation`. */
export class ItemInUseError extends Refusal<
  'DP013',
  ItemDetail & { constraint?: string; relation?: string }
> {
  override name = 'ItemInUseError';
}

/**
 * What a network does not declare, or marks private, and the keys concerned: `item_domain`, `item_type`, `action_type` and
 * so on.
 */
export type NotInNetworkDetail = {
  network: string;
  undeclared?: 'item_network' | 'item_domain' | 'item_type' | 'action_type' | 'interaction' | 'field';
  /** Then `path` leads to the mark in the document, a JSON pointer. */
  private?: 'field';
  path?: string;
  index?: number;
  [key: string]: unknown;
};

/**
 * DP014: a registered network does not declare this domain, type, action or field, or not between these items, or marks
 * the field private. Raised by the database, or by `withNetwork` before it asks the database.
 */
export class NotInNetworkError extends Refusal<'DP014', NotInNetworkDetail> {
  override name = 'NotInNetworkError';
}

/** DP015: the item's status lets it be no side of a new action. */
export class ItemNotActiveError extends Refusal<'DP015', ItemDetail & { item_status: string }> {
  override name = 'ItemNotActiveError';
}

/** The rule that was declared; where it counts, its limit and how many there are. */
export type LimitDetail = { rule: string; limit?: number; count?: number; [key: string]: unknown };

/** DP016: a declared rule allows no more. */
export class LimitReachedError extends Refusal<'DP016', LimitDetail> {
  override name = 'LimitReachedError';
}

/**
 * The network, and the server that it lives on, without user and password. `is_moving`: it is moving to the server that
 * refuses, and is not open there yet.
 */
export type ElsewhereDetail = {
  network: string;
  server: string;
  is_moving?: boolean;
  [key: string]: unknown;
};

/**
 * DP017: the network's home is another server. With `createDpg({ homes, default })` the SDK goes there by itself; then it is
 * thrown where a move takes longer than 5 seconds to open the network, where an action would be between networks with
 * different homes, and within a transaction and by `dpg.home(network)`, which are on one server.
 */
export class NetworkElsewhereError extends Refusal<'DP017', ElsewhereDetail> {
  override name = 'NetworkElsewhereError';
}

/**
 * DP018: a trigger of the application suppressed the write, so nothing was written. The hint names the triggers of the
 * application on that table.
 */
export class WriteSuppressedError extends Refusal<
  'DP018',
  { operation: 'insert' | 'update' | 'delete'; relation: string; [key: string]: unknown }
> {
  override name = 'WriteSuppressedError';
}

const classes = {
  DP001: InvalidArgumentError,
  DP002: ItemNotFoundError,
  DP003: NotItemOwnerError,
  DP004: ActionNotFoundError,
  DP005: NotActionPartyError,
  DP006: TransitionNotAllowedError,
  DP007: VersionConflictError,
  DP008: DuplicateDiffersError,
  DP009: UserNotFoundError,
  DP010: PartitionUnavailableError,
  DP011: InvalidPageTokenError,
  DP012: EventImmutableError,
  DP013: ItemInUseError,
  DP014: NotInNetworkError,
  DP015: ItemNotActiveError,
  DP016: LimitReachedError,
  DP017: NetworkElsewhereError,
  DP018: WriteSuppressedError,
};

/** A code of the contract. */
export type DpgErrorCode = keyof typeof classes;

/** The HTTP status for each code, for a server that answers with refusals: `httpStatuses[error.code]`. */
export const httpStatuses: Readonly<Record<DpgErrorCode, number>> = {
  DP001: 422,
  DP002: 404,
  DP003: 403,
  DP004: 404,
  DP005: 403,
  DP006: 409,
  DP007: 409,
  DP008: 409,
  DP009: 422,
  DP010: 503,
  DP011: 422,
  DP012: 409,
  DP013: 409,
  DP014: 422,
  DP015: 409,
  DP016: 409,
  DP017: 421,
  DP018: 500,
};

/**
 * A refusal by a rule of the data layer; nothing was written. Each code has a class of its own, `DpgError` is any of them: by
 * `instanceof DpgError` an error is known as one, and `switch (error.code)` tells which, and so the type of its `detail`.
 * A database of a later version may refuse with a code that this version does not know: that is a `DpgError` as well, so
 * let the switch have a `default`.
 *
 * A connection that is lost while a call writes is an {@link OutcomeUnknownError}. What else can go wrong (no connection
 * to be had, a statement timeout, a privilege) is thrown as postgres.js throws it: then, too, nothing was written.
 */
export type DpgError = InstanceType<(typeof classes)[DpgErrorCode]>;
export const DpgError: abstract new (...given: never[]) => DpgError = Refusal as abstract new (
  ...given: never[]
) => DpgError;

/**
 * The class that belongs to an error of postgres.js, or the same object when the error is not of the contract. Every
 * method does this; it is for statements of your own, and for `sql.begin`, which throws what postgres.js has thrown
 * when a transaction goes on after a failed statement.
 */
export function toDpgError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Refusal) return error;
  const { code, detail, hint } = error as { code?: unknown; detail?: unknown; hint?: unknown };
  if (typeof code !== 'string' || !/^DP\d{3}$/.test(code)) return error;
  const Class = (classes as Readonly<Record<string, typeof Refusal>>)[code] ?? Refusal;
  return new Class(code, error.message, {
    detail: parseDetail(detail),
    hint: typeof hint === 'string' ? hint : null,
    cause: error,
  });
}

function parseDetail(detail: unknown): ErrorDetail | null {
  try {
    return JSON.parse(detail as string) as ErrorDetail;
  } catch {
    return null;
  }
}
