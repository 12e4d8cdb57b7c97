// The errors of the contract: a class for each SQLSTATE from DP001 to DP014, and DP018.

/** What a refusal says for programs: the error's DETAIL, parsed. */
export type ErrorDetail = Record<string, unknown>;

/**
 * A refusal by a rule of the data layer; nothing was written. Each code has a class of its own, this is their parent.
 * A connection that is lost while a call writes is an {@link OutcomeUnknownError}. What else can go wrong (no connection
 * to be had, a statement timeout, a privilege) is thrown as postgres.js throws it: then, too, nothing was written.
 */
export class DpgError<Code extends string = string, Detail = ErrorDetail> extends Error {
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
export class InvalidArgumentError extends DpgError<'DP001', InvalidArgumentDetail> {
  override name = 'InvalidArgumentError';
}

/** DP002: no such item on this instance. */
export class ItemNotFoundError extends DpgError<'DP002', ItemDetail> {
  override name = 'ItemNotFoundError';
}

/** DP003: the actor does not own the item. */
export class NotItemOwnerError extends DpgError<'DP003', ItemDetail & { actor: string; index?: number }> {
  override name = 'NotItemOwnerError';
}

/** DP004: no such action on this instance. */
export class ActionNotFoundError extends DpgError<'DP004', ActionDetail> {
  override name = 'ActionNotFoundError';
}

/** DP005: the actor is no party of the action, or the declared transition is not for that side. */
export class NotActionPartyError extends DpgError<
  'DP005',
  ActionDetail & { actor: string; from?: string; to?: string; by?: 'source' | 'target' }
> {
  override name = 'NotActionPartyError';
}

/** DP006: the state graph of the action has no such edge. */
export class TransitionNotAllowedError extends DpgError<
  'DP006',
  ActionDetail & { from: string; to: string }
> {
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
export class VersionConflictError extends DpgError<'DP007', ActionConflict | ItemConflict> {
  override name = 'VersionConflictError';
}

/** DP008: the same id was used before, with other content. */
export class DuplicateDiffersError extends DpgError<
  'DP008',
  { partition_network: string; action_type: string; action_id?: string; event_id?: string }
> {
  override name = 'DuplicateDiffersError';
}

/** DP009: the actor is not in the user table. */
export class UserNotFoundError extends DpgError<'DP009', { actor: string }> {
  override name = 'UserNotFoundError';
}

/** The partition concerned: root table, network, and domain or action type. Why, in further members. */
export type PartitionDetail = { root: string; network: string; key: string; [why: string]: unknown };

/**
 * DP010: the partition cannot be made: another table has its name or bound, a lock could not be had in time, or a
 * limit is reached.
 */
export class PartitionUnavailableError extends DpgError<'DP010', PartitionDetail> {
  override name = 'PartitionUnavailableError';
}

/** DP011: not a page token of this call with these filters. */
export class InvalidPageTokenError extends DpgError<'DP011', { page_token: string }> {
  override name = 'InvalidPageTokenError';
}

/** DP012: an attempt to change or remove an event, or its audit. */
export class EventImmutableError extends DpgError<'DP012', { operation: string; relation: string }> {
  override name = 'EventImmutableError';
}

/** DP013: an action refers to the item. */
export class ItemInUseError extends DpgError<'DP013', ItemDetail> {
  override name = 'ItemInUseError';
}

/** What a network does not declare, and the keys concerned: `item_domain`, `item_type`, `action_type` and so on. */
export type NotInNetworkDetail = {
  network: string;
  undeclared: 'item_network' | 'item_domain' | 'item_type' | 'action_type' | 'interaction';
  index?: number;
  [key: string]: unknown;
};

/**
 * DP014: a registered network does not declare this domain, type or action, or not between these items. Raised by the
 * database, or by `withNetwork` before it asks the database.
 */
export class NotInNetworkError extends DpgError<'DP014', NotInNetworkDetail> {
  override name = 'NotInNetworkError';
}

/**
 * DP018: a trigger of the application suppressed the write, so nothing was written. The hint names the triggers of the
 * application on that table.
 */
export class WriteSuppressedError extends DpgError<
  'DP018',
  { operation: 'insert' | 'update' | 'delete'; relation: string; [key: string]: unknown }
> {
  override name = 'WriteSuppressedError';
}

/**
 * The connection was lost after a writing call was sent and before its answer came: all of it was done, or nothing. No
 * refusal, so no {@link DpgError}; `cause` is the error of postgres.js.
 *
 * To find out, repeat the call with the ids in `sent` (the SDK has chosen one where you gave none): if it was done,
 * nothing is written again and the answer is the same. A repeated delete is an {@link ItemNotFoundError} then; a repeated
 * update with `expected_updated_at` is a {@link VersionConflictError}.
 *
 * Reading calls, and calls on a transaction (which is lost with its connection, unless it was committing), throw what
 * postgres.js throws.
 */
export class OutcomeUnknownError extends Error {
  override name = 'OutcomeUnknownError';
  /** The function of the database that was called: `upsert_item`. */
  readonly called: string;
  // private, so that nobody's documents end up in a log with the error
  readonly #sent: Readonly<Record<string, unknown>>;

  constructor(called: string, sent: Readonly<Record<string, unknown>>, { cause }: { cause: unknown }) {
    super(
      `the connection was lost during dpg.${called}, so it is unknown whether it was done: repeat the call with the ids that were sent`,
      { cause },
    );
    this.called = called;
    this.#sent = sent;
  }

  /** The arguments by their names, as they were sent. */
  get sent(): Readonly<Record<string, unknown>> {
    return this.#sent;
  }
}

/**
 * A function, view or table of dpg is not there: the database was never migrated, or not to the version of this package, or
 * it was being migrated while the call ran. `code` is PostgreSQL's SQLSTATE, `cause` its error. Nothing was written.
 */
export class NotMigratedError extends Error {
  override name = 'NotMigratedError';
  /** 3F000, 42883 or 42P01. */
  readonly code: string;
  readonly hint =
    'Run: npx dpg-database migrate. If the database was being migrated meanwhile, repeat the call: its ids make that safe.';

  constructor(code: string, missing: string, { cause }: { cause: unknown }) {
    super(`the database is not migrated, run npx dpg-database migrate: ${missing}`, { cause });
    this.code = code;
  }
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
  DP018: WriteSuppressedError,
};

/** A code of the contract. */
export type DpgErrorCode = keyof typeof classes;

/**
 * The class that belongs to an error of postgres.js, or the same object when the error is not of the contract. Every
 * method does this; it is for statements of your own, and for `sql.begin`, which throws what postgres.js has thrown
 * when a transaction goes on after a failed statement.
 */
export function toDpgError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DpgError) return error;
  const { code, detail, hint } = error as { code?: unknown; detail?: unknown; hint?: unknown };
  if (typeof code !== 'string' || !/^DP\d{3}$/.test(code)) return error;
  const DpgErrorClass = (classes[code as DpgErrorCode] ?? DpgError) as unknown as typeof DpgError;
  return new DpgErrorClass(code, error.message, {
    detail: parseDetail(detail),
    hint: typeof hint === 'string' ? hint : null,
    cause: error,
  });
}

/** Whether this error means that the connection is gone, so that an answer may be gone with it. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  // The server's own word: it ends the session (57P01 and the like) or knows that the connection is broken (class 08).
  if (typeof severity === 'string') {
    return severity === 'FATAL' || severity === 'PANIC' || /^(08|57P0[123]|40003)/.test(String(code));
  }
  // those of postgres.js (CONNECTION_CLOSED, CONNECTION_DESTROYED) and of the system (ECONNRESET, EPIPE, ETIMEDOUT); Node's
  // own begin with ERR_ and mostly say that it was called in a wrong way
  return typeof code === 'string' && /^(CONNECTION_|E(?!RR_)[A-Z]|ERR_(STREAM|SSL|TLS)_)/.test(code);
}

function parseDetail(detail: unknown): ErrorDetail | null {
  try {
    return JSON.parse(detail as string) as ErrorDetail;
  } catch {
    return null;
  }
}
