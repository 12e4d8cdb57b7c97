// The receiving side: a signed message of another instance becomes a call of the database.

import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import { isSameInstance } from '../instance-url.js';
import { isTransient } from './errors.js';
import { isSignedBy, type Message, readHeaders, type Secret } from './signature.js';

export interface HandlerOptions {
  dpg: Dpg<Queryable>;
  /** What this instance shares with that peer, by the peer's URL; undefined for one that it does not know. */
  secretOf: (peer: string) => Secret | undefined | Promise<Secret | undefined>;
  /** How far the sender's clock may be from ours, 300 unless told. Older messages are refused. */
  windowSeconds?: number;
  /** The longest body that is read, 8 MiB unless told. */
  maxBytes?: number;
  /** Told of each message that failed in a way that is no refusal: a database that is away, a mistake. */
  onError?: (error: unknown) => void;
}

/** For every server that knows Request and Response (Hono, Deno, Bun, service workers); `nodeListener` for Node's own. */
export type Handler = (request: Request) => Promise<Response>;

const STATUSES: Record<string, number> = {
  DP001: 422,
  DP002: 404,
  DP004: 404,
  DP005: 403,
  DP006: 409,
  DP007: 409,
  DP008: 409,
  DP014: 422,
};

/**
 * Takes events, actions and transitions from the instances with whom a secret is shared. Each may speak only for itself:
 * an event must have it as its origin, an action and a transition as the instance of their source.
 */
export function handler(options: HandlerOptions): Handler {
  const { dpg, secretOf, windowSeconds = 300, maxBytes = 8 * 1024 * 1024, onError } = options;

  async function verified(request: Request): Promise<Message> {
    const claimed = readHeaders(request.headers);
    if (!claimed) throw unsigned();
    if (Math.abs(Date.now() / 1000 - claimed.timestamp) > windowSeconds) throw unsigned();
    const secret = await secretOf(claimed.sender);
    if (secret === undefined) throw unsigned();
    const { signature, ...head } = claimed;
    const message = { ...head, body: await readBody(request, maxBytes) };
    if (!isSignedBy(message, signature, secret)) throw unsigned();
    return message;
  }

  return async (request) => {
    try {
      if (request.method !== 'POST') throw refusal(405, 'only POST is understood', { allow: 'POST' });
      return Response.json(await perform(dpg, await verified(request)));
    } catch (error) {
      if (error instanceof Refusal) return error.response();
      const { code, message, hint, detail } = error as Record<string, unknown>;
      const status = typeof code === 'string' ? STATUSES[code] : undefined;
      if (status !== undefined) return Response.json({ code, message, hint, detail }, { status });
      onError?.(error);
      // what went wrong inside is nobody's business outside
      return isTransient(error)
        ? Response.json({ message: 'not now' }, { status: 503 })
        : Response.json({ message: 'it failed' }, { status: 500 });
    }
  };
}

async function perform(dpg: Dpg<Queryable>, { call, sender, body }: Message): Promise<unknown> {
  const said = parse(body);
  const speaksFor = said[call === 'store_event' ? 'origin_instance_domain' : 'source_item_instance_url'];
  if (typeof speaksFor !== 'string' || !isSameInstance(speaksFor, sender))
    throw refusal(403, `${sender} may speak only for itself`);
  switch (call) {
    case 'store_event':
      return dpg.events.storeText(body);
    case 'receive_action':
      if (typeof said.action_id !== 'string')
        throw refusal(422, 'action_id is missing: the sender chooses it');
      return dpg.actions.receive(said as never);
    case 'receive_transition':
      if (typeof said.event_id !== 'string') throw refusal(422, 'event_id is missing: the sender chooses it');
      return dpg.actions.receiveTransition(said as never);
  }
}

function parse(body: string): Record<string, unknown> {
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    throw refusal(400, 'the body is no JSON');
  }
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    throw refusal(400, 'the body is no JSON object');
  return said as Record<string, unknown>;
}

/** The body as text, when it is not too long and is UTF-8. */
async function readBody(request: Request, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw refusal(413, `the body has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw refusal(400, 'the body is no UTF-8');
  }
}

class Refusal extends Error {
  readonly #status: number;
  readonly #headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string>) {
    super(message);
    this.#status = status;
    this.#headers = headers;
  }

  response(): Response {
    return Response.json({ message: this.message }, { status: this.#status, headers: this.#headers });
  }
}

/** One answer for all of it, so that nobody learns whom we know. */
function unsigned(): Refusal {
  return refusal(401, 'the signature is missing, too old or wrong');
}

function refusal(status: number, message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(status, message, headers);
}
