// How a delivery can fail. Anything else that a deliver function throws is one failed attempt at that event.

import { isConnectionLoss } from '../connection-loss.js';

/**
 * The peer cannot be reached, says that it cannot work now, or is not as it should be (an address, a secret, a clock). That
 * is no fault of the event: it does not count as an attempt, and the peer's events wait.
 */
export class PeerUnavailableError extends Error {
  override name = 'PeerUnavailableError';
  /** The peer has asked not to be tried again before. */
  readonly retryAfterSeconds: number | null;
  /**
   * What was answered, or that nothing was, may have to do with this one event. When the peer answers so again and again,
   * and takes events of other actions meanwhile, that is an attempt. False unless told.
   */
  readonly mayBeOfEvent: boolean;
  /**
   * The peer works, but for the network of this event: it moves, or has moved, and the peer does not yet know where to. Events
   * of that network wait, however long it takes; the others go on. False unless told.
   */
  readonly isOfNetwork: boolean;

  constructor(
    message: string,
    {
      cause,
      retryAfterSeconds,
      mayBeOfEvent,
      isOfNetwork,
    }: {
      cause?: unknown;
      retryAfterSeconds?: number | null;
      mayBeOfEvent?: boolean;
      isOfNetwork?: boolean;
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryAfterSeconds = retryAfterSeconds ?? null;
    this.mayBeOfEvent = mayBeOfEvent ?? false;
    this.isOfNetwork = isOfNetwork ?? false;
  }
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
  /** The code of the contract, such as DP007, or of PostgreSQL; null when the answer had none. */
  readonly code: string | null;
  readonly detail: unknown;
  readonly hint: string | null;
  /** From the header Retry-After; null when there was none. */
  readonly retryAfterSeconds: number | null;
  /** The answer was a page or the like and not JSON, so it is not the instance that has spoken. */
  readonly isOfAnother: boolean;

  constructor(
    status: number,
    message: string,
    {
      code,
      detail,
      hint,
      retryAfterSeconds,
      isOfAnother,
    }: {
      code?: unknown;
      detail?: unknown;
      hint?: unknown;
      retryAfterSeconds?: number | null;
      isOfAnother?: boolean;
    },
  ) {
    super(message);
    this.status = status;
    this.code = typeof code === 'string' ? code : null;
    this.detail = detail ?? null;
    this.hint = typeof hint === 'string' ? hint : null;
    this.retryAfterSeconds = retryAfterSeconds ?? null;
    this.isOfAnother = isOfAnother ?? false;
  }
}

/** The event as it is will never be taken. */
const NEVER = [400, 413, 422];
/** Something else is there, which a later event, a redaction or an operator may change. */
const ATTEMPT = [409];

/**
 * What the answer of a peer means for the delivery of an event. All that is neither about the event by what it says, nor an
 * answer of the instance at all (redirects, pages of a proxy), is about the peer.
 */
export function toDeliveryError(error: unknown): unknown {
  if (!(error instanceof RemoteError)) return error;
  const { status, code, detail, isOfAnother, retryAfterSeconds } = error;
  const message = `${error.message} (status ${status}${code ? `, ${code}` : ''})`;
  if (!isOfAnother && ATTEMPT.includes(status)) return error;
  if (!isOfAnother && NEVER.includes(status)) return new DeliveryRefusedError(message, { cause: error });
  const isOfNetwork = !isOfAnother && (code === 'DP017' || (code === 'DP010' && isMoving(detail)));
  return new PeerUnavailableError(message, {
    cause: error,
    retryAfterSeconds,
    mayBeOfEvent: true,
    isOfNetwork,
  });
}

/** The peer makes no partition of a network that is moving. */
function isMoving(detail: unknown): boolean {
  return (detail as { reason?: unknown } | null)?.reason === 'moving';
}

/** Who has ended the connections does not want them back. */
export function isEnded(error: unknown): boolean {
  return codeOf(error) === 'CONNECTION_ENDED';
}

/** Whether the database could not be reached or was too busy, so that the same call may well succeed later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'OutcomeUnknownError') return true;
  if (isEnded(error)) return false;
  const code = codeOf(error);
  // SQLSTATEs: rollbacks, lack of resources, trouble of the system; no lock in time, a statement that was cancelled
  return (
    isConnectionLoss(error) ||
    code === 'CONNECT_TIMEOUT' ||
    /^(40|53|58)[0-9A-Z]{3}$|^(55P03|57014)$/.test(code)
  );
}

/**
 * Whether the error says that connection, rights or database are not as they should be: no access, no such function, a
 * standby, a transaction that forbids it. At the beginning that is a mistake; later it may be a migration or a failover.
 */
export function isMisconfiguration(error: unknown): boolean {
  return /^(25|28|3D|3F|42)[0-9A-Z]{3}$/.test(codeOf(error));
}

export function codeOf(error: unknown): string {
  return error instanceof Error ? String((error as { code?: unknown }).code) : '';
}

/** One line for a log and for the database: never more than the message. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  // a message may have been cut in the middle of a character
  return Buffer.from(text.replaceAll('\0', '').slice(0, 1000)).toString();
}
