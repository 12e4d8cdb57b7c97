// One signed request to another instance, and as much of its answer as is read, within the time.

import { isTextTooDeep } from '../documents.js';
import { type Numbers, parseSentExactly } from '../numbers.js';
import { PeerUnavailableError } from './errors.js';
import { MOST_BYTES_OF_RECEIPT } from './messages.js';
import { type Call, type MessageVersion, type Secret, sign, VERSION_HEADER } from './signature.js';

/** The other instance, and what its answer may cost. */
export interface ExchangeOptions {
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
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
  /** Instead of Node's own. */
  fetch?: typeof fetch | undefined;
}

export interface Answer {
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
export async function exchange(
  sent: ExchangeOptions & { call: Call; body: string },
  version: MessageVersion,
): Promise<Answer> {
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

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON as a value; undefined where it is none. */
export function parse(text: string, numbers?: Numbers): unknown {
  try {
    return numbers === 'exact' && !isTextTooDeep(text) ? parseSentExactly(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
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
