// How a delivery can fail. Anything else that a deliver function throws is one failed attempt at that event.

import { isConnectionLoss } from '../errors.js';

/**
 * The peer cannot be reached, or says that it cannot work now. That is no fault of the event: it does not count as an
 * attempt, and the peer's events wait.
 */
export class PeerUnavailableError extends Error {
  override name = 'PeerUnavailableError';
}

/** The peer has refused for good: trying again would change nothing, so the event is dead at once. */
export class DeliveryRefusedError extends Error {
  override name = 'DeliveryRefusedError';
}

/** What another instance answered instead of doing it. */
export class RemoteError extends Error {
  override name = 'RemoteError';
  /** The HTTP status. */
  readonly status: number;
  /** The code of the contract, such as DP007; null when the answer had none. */
  readonly code: string | null;
  readonly detail: unknown;
  readonly hint: string | null;

  constructor(
    status: number,
    message: string,
    { code, detail, hint }: { code?: unknown; detail?: unknown; hint?: unknown },
  ) {
    super(message);
    this.status = status;
    this.code = typeof code === 'string' ? code : null;
    this.detail = detail ?? null;
    this.hint = typeof hint === 'string' ? hint : null;
  }
}

const LATER = [429, 502, 503, 504];
const NEVER = [400, 409, 413, 422];

/** What the answer of a peer means for the delivery of an event. */
export function toDeliveryError(error: unknown): unknown {
  if (!(error instanceof RemoteError)) return error;
  const message = `${error.message} (status ${error.status}${error.code ? `, ${error.code}` : ''})`;
  if (LATER.includes(error.status)) return new PeerUnavailableError(message, { cause: error });
  if (NEVER.includes(error.status)) return new DeliveryRefusedError(message, { cause: error });
  return error;
}

/** Whether the database could not be reached or was too busy, so that the same call may well succeed later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'OutcomeUnknownError') return true;
  const code = String((error as { code?: unknown }).code);
  // whoever has ended the connections does not want them back
  if (code === 'CONNECTION_ENDED') return false;
  // the classes of SQLSTATE for rollbacks and for lack of resources
  return isConnectionLoss(error) || code === 'CONNECT_TIMEOUT' || /^(40|53)[0-9A-Z]{3}$/.test(code);
}

/** One line for a log and for the database: never more than the message. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll('\0', '').slice(0, 1000);
}
