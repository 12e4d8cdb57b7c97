// A connection that is lost in the middle of a call: what is known then, and what is not.

/** Whether this error means that the connection is gone, so that an answer may be gone with it. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  // The server's own word: it ends the session (57P01 and the like) or knows that the connection is broken (class 08).
  if (/^(08[0-9A-Z]{3}|57P0[123]|40003)$/.test(String(code))) return true;
  if (typeof severity === 'string') return severity === 'FATAL' || severity === 'PANIC';
  // those of postgres.js (CONNECTION_CLOSED, CONNECTION_DESTROYED) and of the system (ECONNRESET, EPIPE, ETIMEDOUT); Node's
  // own begin with ERR_ and mostly say that it was called in a wrong way
  return typeof code === 'string' && /^(CONNECTION_|E(?!RR_)[A-Z]|ERR_(STREAM|SSL|TLS)_)/.test(code);
}

/**
 * The connection was lost after a writing call was sent and before its answer came: all of it was done, or nothing. No
 * refusal, so no {@link DpgError}; `cause` is the error of postgres.js.
 *
 * To find out, repeat the call with the ids in `sent` (the SDK has chosen one where you gave none): if it was done,
 * nothing is written again and the answer is the same. A repeated delete is an {@link ItemNotFoundError} then; a repeated
 * update with `expected_updated_at` is a {@link VersionConflictError}.
 *
 * Where networks have several homes, `transitionMany` can be done on one server and fail on another (`cause`): the same helps.
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

  constructor(
    called: string,
    sent: Readonly<Record<string, unknown>>,
    { cause, isPartDone = false }: { cause: unknown; isPartDone?: boolean },
  ) {
    const what = isPartDone
      ? `dpg.${called} was done on one server and failed on another`
      : `the connection was lost during dpg.${called}, so it is unknown whether it was done`;
    super(`${what}: repeat the call with the ids that were sent`, { cause });
    this.called = called;
    this.#sent = sent;
  }

  /** The arguments by their names, as they were sent. */
  get sent(): Readonly<Record<string, unknown>> {
    return this.#sent;
  }
}
