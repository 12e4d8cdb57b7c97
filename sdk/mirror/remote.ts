// Another instance, by its signed handler.

import {
  type Action,
  type ReceiveAction,
  type ReceiveTransition,
  receiveAction,
  receiveTransition,
} from '../actions.js';
import { check, type ExactJsonObject, type JsonObject } from '../arguments.js';
import { type Numbers, stringifyJson } from '../numbers.js';
import { PeerUnavailableError, RemoteError } from './errors.js';
import { type Answer, type ExchangeOptions, exchange, isObject, parse } from './exchange.js';
import {
  idField,
  isSameId,
  membersOf,
  PROTOCOL,
  type Protocol,
  type Receipt,
  receiptOf,
  UPGRADE_REQUIRED,
  writtenFor,
} from './messages.js';
import type { Call } from './signature.js';

export interface RemoteOptions<N extends Numbers = Numbers> extends ExchangeOptions {
  /** How numbers in the documents of an answer are read: see `createDpg`. */
  numbers?: N | undefined;
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
  // of an answer only the id is compared: what else is in it is the other instance's word
  const tell = <Told extends object>(call: Call, body: string, sent: Record<string, unknown>) =>
    post<Told>({ ...options, call, body, sent }, acquaintance, protocol);
  return {
    async storeEvent(text) {
      return receiptOf(await tell('store_event', text, membersAsSent(text)));
    },
    async receiveAction(action) {
      const checked = check(receiveAction, { ...action, ...source });
      return tell('receive_action', stringifyJson(checked), checked);
    },
    async receiveTransition(transition) {
      const checked = check(receiveTransition, { ...transition, ...source });
      const { event_id: _, ...action } = await tell<Action<never> & { event_id?: string }>(
        'receive_transition',
        stringifyJson(checked),
        checked,
      );
      return action;
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
async function post<Told extends object>(
  sent: Sent,
  acquaintance: Acquaintance,
  protocol: Protocol,
): Promise<Told> {
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

/** What the message was answered with, if it was done. */
function done<Told extends object>(sent: Sent, answer: Answer): Told {
  const { endpoint, call } = sent;
  const { status, text, isCut, isOfAnother, retryAfterSeconds } = answer;
  const said = isCut ? undefined : parse(text, sent.numbers);
  const field = idField(call, answer.version);
  if (status === 200) {
    const row = isObject(said) ? said : undefined;
    // the row of an event, which version 0 answers, may be long: what is needed is at its beginning
    const isEvent = call === 'store_event' && isCut && !isOfAnother;
    const done = isEvent ? beginningOf(text) : row;
    if (done && isSameId(done[field], sent.sent[field])) return done as Told;
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
