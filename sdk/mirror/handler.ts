// The receiving side: a signed message of another instance becomes a call of the database.

import type { ReceiveAction, ReceiveTransition } from '../actions.js';
import type { Queryable } from '../client.js';
import { isTextTooDeep, MOST_LEVELS } from '../documents.js';
import type { Dpg } from '../dpg.js';
import { type DpgErrorCode, httpStatuses } from '../errors.js';
import { isSameInstance } from '../instance-url.js';
import { tell } from '../listeners.js';
import { stringifyJson } from '../numbers.js';
import { type BodyFlaw, type BodyLimits, BodyReader, BodyRefusal } from './body.js';
import { codeOf, isTransient } from './errors.js';
import {
  idField,
  knownPart,
  PROTOCOL,
  type Protocol,
  receiptOf,
  UPGRADE_REQUIRED,
  withExactDocuments,
} from './messages.js';
import { type Claim, isSigned, readHeaders, type Secret, VERSION_HEADER } from './signature.js';

export interface HandlerOptions extends BodyLimits {
  /** With `numbers: 'exact'` answers have all digits of the numbers in documents. What is stored has them in any case. */
  dpg: Dpg<Queryable, object>;
  /** What this instance shares with that peer, by the peer's URL; undefined for one that it does not know. */
  secretOf: (peer: string) => Secret | undefined | Promise<Secret | undefined>;
  /** How far the sender's clock may be from ours, 300 unless told. Older messages are refused. */
  windowSeconds?: number;
  /** Told of each message that failed in a way that is no refusal: a database that is away, a mistake. */
  onError?: (error: unknown) => void;
}

/** For every server that knows Request and Response (Hono, Deno, Bun, service workers); `nodeListener` for Node's own. */
export type Handler = (request: Request) => Promise<Response>;

/** What another time may succeed, and an operator should know of. */
const LATER = ['DP010', 'DP017'];
/** Of PostgreSQL: what the message holds can be no value (NUL, numbers out of range), or is more than it takes. */
const IMPOSSIBLE = /^(22|54)[0-9A-Z]{3}$/;

const FLAWS: Record<BodyFlaw, number> = {
  'too long': 413,
  'too slow': 408,
  'too many': 503,
  'cut off': 400,
  'no UTF-8': 400,
};

/**
 * Takes events, actions and transitions from the instances with whom a secret is shared. Each may speak only for itself:
 * an event must have it as its origin, an action and a transition as the instance of their source. Who says nothing that
 * could be true (no known instance, another time, no form of a signature) has no body read.
 */
export function handler(options: HandlerOptions): Handler {
  return handlerOf(options, PROTOCOL);
}

export function handlerOf(options: HandlerOptions, protocol: Protocol): Handler {
  const { dpg, secretOf, windowSeconds = 300, onError } = options;
  const bodies = new BodyReader(options);

  async function claimed(request: Request): Promise<{ claim: Claim; secret: Secret }> {
    if (request.method !== 'POST') throw refusal(405, 'only POST is understood', { allow: 'POST' });
    const claim = readHeaders(request.headers);
    if (!claim) throw unsigned();
    if (Math.abs(Date.now() / 1000 - claim.timestamp) > windowSeconds) throw unsigned();
    const secret = await secretOf(claim.sender);
    if (secret === undefined) throw unsigned();
    return { claim, secret };
  }

  async function answered(request: Request, whenRead: () => void): Promise<object> {
    const { claim, secret } = await claimed(request);
    return bodies.read(request, async (body) => {
      whenRead();
      if (!isSigned(claim, body, secret)) throw unsigned();
      if (claim.writtenFor < Math.min(claim.version, protocol.version))
        throw refusal(UPGRADE_REQUIRED, `it was written for version ${claim.writtenFor} of messages`);
      const known =
        parse(body) && claim.version > protocol.version ? knownPart(claim.call, body, protocol) : body;
      return perform(dpg, claim, known);
    });
  }

  return async (request) => {
    let isRead = !request.body || request.bodyUsed;
    let response: Response;
    try {
      const answer = await answered(request, () => {
        isRead = true;
      });
      response = json(answer, 200);
    } catch (error) {
      response = refused(error);
    }
    response.headers.set(VERSION_HEADER, String(protocol.version));
    // what is left of the body would be taken for the next request
    if (!isRead) response.headers.set('connection', 'close');
    return response;
  };

  function refused(error: unknown): Response {
    if (error instanceof BodyRefusal) {
      const status = FLAWS[error.flaw];
      return json({ message: error.message }, status, status === 503 ? { 'retry-after': '1' } : {});
    }
    if (error instanceof Refusal)
      return json({ message: error.message, ...error.more }, error.status, error.headers);
    const { message, hint, detail } = error as Record<string, unknown>;
    const code = codeOf(error);
    const said = { code, message, hint: hint ?? null, detail: detail ?? null };
    const status = httpStatuses[code as DpgErrorCode];
    if (status < 500 && !LATER.includes(code)) return json(said, status);
    if (IMPOSSIBLE.test(code)) return json(said, 422);
    tell(onError, error);
    if (LATER.includes(code)) return json(said, 503, { 'retry-after': '10' });
    // what went wrong inside is nobody's business outside
    return isTransient(error)
      ? json({ message: 'not now' }, 503, { 'retry-after': '1' })
      : json({ message: 'it failed' }, 500);
  }
}

async function perform(
  dpg: Dpg<Queryable, object>,
  { call, sender, version }: Claim,
  body: string,
): Promise<object> {
  const said = parse(body);
  const speaksFor = said[call === 'store_event' ? 'origin_instance_domain' : 'source_item_instance_url'];
  if (typeof speaksFor !== 'string' || !isSameInstance(speaksFor, sender))
    throw refusal(403, `${sender} may speak only for itself`);
  const id = said[idField(call)];
  switch (call) {
    case 'store_event': {
      refuseActionElsewhere(said);
      const stored = await dpg.events.storeText(body);
      return version === 0 ? stored : receiptOf(stored);
    }
    case 'receive_action':
      if (typeof id !== 'string') throw refusal(422, 'action_id is missing: the sender chooses it');
      return dpg.actions.receive(exact(said, body) as ReceiveAction);
    case 'receive_transition': {
      if (typeof id !== 'string') throw refusal(422, 'event_id is missing: the sender chooses it');
      const action = await dpg.actions.receiveTransition(exact(said, body) as ReceiveTransition);
      return version === 0 ? action : { ...action, event_id: id };
    }
  }
}

/** An action lives on its target's instance, which makes its events: nobody tells of an action that lives elsewhere. */
function refuseActionElsewhere({
  origin_instance_domain,
  target_item_instance_url,
}: Record<string, unknown>) {
  if (typeof target_item_instance_url !== 'string' || typeof origin_instance_domain !== 'string') return;
  if (isSameInstance(target_item_instance_url, origin_instance_domain)) return;
  throw refusal(
    422,
    'event.target_item_instance_url is not the origin of the event',
    {},
    {
      code: 'DP001',
      hint: 'An event is made where its action lives, on the instance of its target.',
      detail: { argument: 'event.target_item_instance_url', value: target_item_instance_url.slice(0, 220) },
    },
  );
}

function exact(said: Record<string, unknown>, body: string): Record<string, unknown> {
  if (isTextTooDeep(body))
    throw refusal(
      422,
      'the message is nested too deep',
      {},
      {
        code: 'DP001',
        hint: `A message has at most ${MOST_LEVELS.toLocaleString('en')} objects and arrays in one another.`,
        detail: null,
      },
    );
  return withExactDocuments(said, body);
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

function json(said: object, status: number, headers: Record<string, string> = {}): Response {
  return new Response(stringifyJson(said), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly more: object;

  constructor(status: number, message: string, headers: Record<string, string>, more: object) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.more = more;
  }
}

/** One answer for all of it, so that nobody learns whom we know. */
function unsigned(): Refusal {
  return refusal(401, 'the signature is missing, too old or wrong');
}

function refusal(
  status: number,
  message: string,
  headers: Record<string, string> = {},
  more: object = {},
): Refusal {
  return new Refusal(status, message, headers, more);
}
