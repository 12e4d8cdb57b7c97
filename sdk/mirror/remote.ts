// Another instance, by its signed handler.

import {
  type Action,
  type ReceiveAction,
  type ReceiveTransition,
  receiveAction,
  receiveTransition,
} from '../actions.js';
import { check, type ExactJsonObject, type JsonObject } from '../arguments.js';
import { isTextTooDeep } from '../documents.js';
import { type Numbers, parseSentExactly, stringifyJson } from '../numbers.js';
import { PeerUnavailableError, RemoteError } from './errors.js';
import {
  idField,
  isSameId,
  MOST_BYTES_OF_RECEIPT,
  membersOf,
  PROTOCOL,
  type Protocol,
  type Receipt,
  UPGRADE_REQUIRED,
  VERSION_HEADER,
  writtenFor,
} from './messages.js';
import { type Call, type Secret, sign } from './signature.js';

export interface RemoteOptions<N extends Numbers = Numbers> {
  /** Where the other instance's handler listens: `https://tutor.yellowdot.example.com/dpg`. */
  endpoint: string | URL;
  /** URL of this instance, as the other one knows it. */
  sender: string;
  /** Shared with the other instance. */
  secret: Secret;
  /** For the whole answer to come, 10,000 unless told. */
  timeoutMilliseconds?: number | undefined;
  /** The longest answer that is read, 8 MiB unless told. Of the answer to an event no more than 16 KiB is read. */
  maxAnswerBytes?: number | undefined;
  /** How numbers in the documents of an answer are read: see `createDpg`. */
  numbers?: N | undefined;
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
  /** Instead of Node's own. */
  fetch?: typeof fetch | undefined;
}

/** What this instance can tell another. Each can be repeated: the ids are the sender's. */
export interface RemoteInstance<Json = JsonObject> {
  /**
   * Hands over an event of this instance, as JSON text. The answer says which event the other instance has now.
   * @throws {RemoteError} the refusal, with its code
   * @throws {PeerUnavailableError} it may or may not have been stored: repeat it
   */
  storeEvent(text: string): Promise<Receipt>;

  /**
   * A user of this instance asks for an action on an item there. Sends a random `action_id` unless you give one; give
   * your own, kept, when you will repeat the call.
   * @throws {RemoteError} the refusal, with its code
   * @throws {PeerUnavailableError} it may or may not have been done: repeat it with the same id
   */
  receiveAction(action: Omit<ReceiveAction, 'source_item_instance_url'>): Promise<Action<Json>>;

  /** A user of this instance moves an action that lives there; `event_id` as `action_id` above. */
  receiveTransition(transition: Omit<ReceiveTransition, 'source_item_instance_url'>): Promise<Action<Json>>;
}

export function remoteInstance<const N extends Numbers = 'javascript'>(
  options: RemoteOptions<N>,
): RemoteInstance<N extends 'exact' ? ExactJsonObject : JsonObject> {
  return remoteOf(options, {});
}

/** What was learned of another instance from its answers. */
export interface Acquaintance {
  /** Of the messages that it knows; undefined until it has answered. */
  version?: number;
}

export function remoteOf(
  options: RemoteOptions,
  acquaintance: Acquaintance,
  protocol: Protocol = PROTOCOL,
): RemoteInstance<never> {
  const source = { source_item_instance_url: options.sender };
  const tell = (call: Call, body: string, sent: Record<string, unknown>) =>
    post({ ...options, call, body, sent }, acquaintance, protocol);
  return {
    async storeEvent(text) {
      const { event_id, action_id, update_count } = await tell('store_event', text, membersAsSent(text));
      return { event_id, action_id, update_count } as Receipt;
    },
    async receiveAction(action) {
      const checked = check(receiveAction, { ...action, ...source });
      return (await tell('receive_action', stringifyJson(checked), checked)) as unknown as Action<never>;
    },
    async receiveTransition(transition) {
      const checked = check(receiveTransition, { ...transition, ...source });
      const answer = await tell('receive_transition', stringifyJson(checked), checked);
      const { event_id: _, ...action } = answer;
      return action as unknown as Action<never>;
    },
  };
}

/** The ids of an event that is text. */
function membersAsSent(text: string): Record<string, unknown> {
  return Object.fromEntries(
    [...membersOf(text)]
      .filter(({ name }) => name === 'event_id' || name === 'action_id')
      .map(({ name, value }) => [name, parse(value)]),
  );
}

interface Sent extends RemoteOptions {
  call: Call;
  body: string;
  /** The ids of the message are among its fields. */
  sent: Record<string, unknown>;
}

/**
 * Sends a message as the other instance knows it. As long as nothing is known of it, that is as this instance knows it: one
 * that is older refuses and says its version, and gets it again without what it does not know. One that has learned more
 * since refuses what was written for an older version, so that it gets all of it.
 */
async function post(
  sent: Sent,
  acquaintance: Acquaintance,
  protocol: Protocol,
): Promise<Record<string, unknown>> {
  for (let tries = 1; ; tries++) {
    const known = Math.min(acquaintance.version ?? protocol.version, protocol.version);
    const { text, lacks } = writtenFor(sent.call, sent.body, known, protocol);
    const version = { version: protocol.version, writtenFor: lacks ? known : protocol.version };
    const answer = await exchange({ ...sent, body: text }, version);
    // who answers for the instance (a proxy, a page) says no version, and teaches none
    if (!answer.isOfAnother && (answer.version > 0 || [200, 400, 422].includes(answer.status)))
      acquaintance.version = answer.version;
    const learned = Math.min(acquaintance.version ?? protocol.version, protocol.version);
    const isForOther =
      (answer.status === UPGRADE_REQUIRED && learned > known) ||
      (answer.status === 422 &&
        learned < known &&
        writtenFor(sent.call, sent.body, learned, protocol).text !== text);
    if (isForOther && tries < 3) continue;
    return done(sent, answer);
  }
}

interface Answer {
  status: number;
  /** Of the instance that answered; 0 when it does not say. */
  version: number;
  text: string;
  /** There was more than was read. */
  isCut: boolean;
  isOfAnother: boolean;
  location: string | null;
  retryAfterSeconds: number | null;
}

/** One request and its answer, of which only so much is read; all of it within the time. */
async function exchange(sent: Sent, version: { version: number; writtenFor: number }): Promise<Answer> {
  const { endpoint, sender, secret, timeoutMilliseconds = 10_000, signal, call, body } = sent;
  const mostBytes = call === 'store_event' ? MOST_BYTES_OF_RECEIPT : (sent.maxAnswerBytes ?? 8 * 1024 * 1024);
  const timestamp = Math.floor(Date.now() / 1000);
  // Before anything is sent, so that what is wrong on this side is told as that.
  const headers = {
    'content-type': 'application/json',
    // an answer is short, and what is packed can be much longer than it looks
    'accept-encoding': 'identity',
    ...sign({ call, sender, timestamp, body }, secret, version),
  };
  // A controller for each exchange: AbortSignal.any would leave something with the long-lived signal each time.
  const ending = new AbortController();
  const stop = () => ending.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    ending.abort(new Error('too late'));
  }, timeoutMilliseconds);
  // also for a fetch that does not listen to its signal
  const ended = new Promise<never>((_, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason), { once: true });
    if (ending.signal.aborted) reject(ending.signal.reason);
  });
  ended.catch(() => undefined);
  try {
    const fetched = (sent.fetch ?? fetch)(endpoint, {
      method: 'POST',
      headers,
      body,
      // a message is for this peer alone, and so is its signature
      redirect: 'manual',
      signal: ending.signal,
    });
    // one that comes after the time is let go of
    fetched
      .then(
        async (late) => {
          if (ending.signal.aborted) await late.body?.cancel();
        },
        () => undefined,
      )
      .catch(() => undefined);
    const response = await Promise.race([fetched, ended]);
    const { text, isCut } = await readSome(response, mostBytes, ended);
    return {
      status: response.status,
      version: versionOf(response.headers.get(VERSION_HEADER)),
      text,
      isCut,
      isOfAnother: !isFromInstance(text, isCut),
      location: response.headers.get('location'),
      retryAfterSeconds: secondsOf(response.headers.get('retry-after')),
    };
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = isLate ? `no answer within ${timeoutMilliseconds} ms` : reasonOf(error);
    throw new PeerUnavailableError(`${endpoint} cannot be reached: ${why}`, {
      cause: error,
      mayBeOfEvent: !isBeforeSending(error),
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function readSome(
  response: Response,
  mostBytes: number,
  ended: Promise<never>,
): Promise<{ text: string; isCut: boolean }> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (!reader) return { text: '', isCut: false };
  try {
    while (length <= mostBytes) {
      const { done, value } = await Promise.race([reader.read(), ended]);
      if (done) return { text: textOf(chunks, length), isCut: false };
      chunks.push(value);
      length += value.byteLength;
    }
  } finally {
    // ends the connection where there is more; nothing is waited for
    reader.cancel().catch(() => undefined);
  }
  return { text: textOf(chunks, mostBytes), isCut: true };
}

function textOf(chunks: Uint8Array[], length: number): string {
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, length));
}

/** A handler answers with a JSON object; Node's own server may answer with nothing. */
function isFromInstance(text: string, isCut: boolean): boolean {
  if (text.trim() === '') return true;
  return isCut ? text.trimStart().startsWith('{') : isObject(parse(text));
}

/** What the message was answered with, if it was done. */
function done(sent: Sent, answer: Answer): Record<string, unknown> {
  const { endpoint, call } = sent;
  const { status, text, isCut, isOfAnother, retryAfterSeconds } = answer;
  const said = isCut ? undefined : parse(text, sent.numbers);
  const field = idField(call, answer.version);
  if (status === 200) {
    const row = isObject(said) ? said : undefined;
    // the row of an event, which version 0 answers, may be long: what is needed is at its beginning
    const isEvent = call === 'store_event' && isCut && !isOfAnother;
    const done = isEvent ? beginningOf(text) : row;
    if (done && isSameId(done[field], sent.sent[field])) return done;
    throw new PeerUnavailableError(
      isCut && !isEvent
        ? `${endpoint}: the answer is too long`
        : `${endpoint}: answer 200 without the ${field} that was sent, so it is not the handler that answers`,
      { mayBeOfEvent: true },
    );
  }
  const { message, ...refusal } = isObject(said) ? said : ({} as Record<string, unknown>);
  const why =
    typeof message === 'string'
      ? message
      : status >= 300 && status < 400
        ? `answer ${status}, a redirect to ${answer.location ?? 'nowhere'}, which is not followed`
        : `answer ${status}`;
  throw new RemoteError(status, `${endpoint}: ${why}`, { ...refusal, retryAfterSeconds, isOfAnother });
}

function beginningOf(text: string): Record<string, unknown> {
  const beginning: Record<string, unknown> = {};
  for (const { name, value } of membersOf(text)) beginning[name] = parse(value);
  return beginning;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function versionOf(header: string | null): number {
  return /^\d{1,6}$/.test(header ?? '') ? Number(header) : 0;
}

/** Seconds, or the date of HTTP. */
function secondsOf(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const milliseconds = Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? null : Math.max(0, milliseconds / 1000);
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  return String(cause?.code ?? cause?.message ?? (error as Error)?.message ?? error);
}

/** Whether there was no connection, so that the other instance has not even seen the message. */
function isBeforeSending(error: unknown): boolean {
  const { code } = ((error as { cause?: unknown }).cause ?? {}) as { code?: unknown };
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_(TLS|SSL)_.*|.*CERT.*)$/.test(
    String(code),
  );
}

function parse(text: string, numbers?: Numbers): unknown {
  try {
    return numbers === 'exact' && !isTextTooDeep(text) ? parseSentExactly(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
}
