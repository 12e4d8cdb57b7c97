// Another instance, by its signed handler.

import {
  type Action,
  type ReceiveAction,
  type ReceiveTransition,
  receiveAction,
  receiveTransition,
} from '../actions.js';
import { check } from '../arguments.js';
import type { ActionEvent } from '../events.js';
import { PeerUnavailableError, RemoteError } from './errors.js';
import { type Call, type Secret, sign } from './signature.js';

export interface RemoteOptions {
  /** Where the other instance's handler listens: `https://tutor.yellowdot.example.com/dpg`. */
  endpoint: string | URL;
  /** URL of this instance, as the other one knows it. */
  sender: string;
  /** Shared with the other instance. */
  secret: Secret;
  /** For an answer to come, 10,000 unless told. */
  timeoutMilliseconds?: number | undefined;
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
  /** Instead of Node's own. */
  fetch?: typeof fetch | undefined;
}

/** What this instance can tell another. Each can be repeated: the ids are the sender's. */
export interface RemoteInstance {
  /** Hands over an event of this instance, as JSON text. */
  storeEvent(text: string): Promise<ActionEvent>;

  /**
   * A user of this instance asks for an action on an item there. Sends a random `action_id` unless you give one; give
   * your own, kept, when you will repeat the call.
   * @throws {RemoteError} the refusal, with its code
   * @throws {PeerUnavailableError} it may or may not have been done: repeat it with the same id
   */
  receiveAction(action: Omit<ReceiveAction, 'source_item_instance_url'>): Promise<Action>;

  /** A user of this instance moves an action that lives there; `event_id` as `action_id` above. */
  receiveTransition(transition: Omit<ReceiveTransition, 'source_item_instance_url'>): Promise<Action>;
}

export function remoteInstance(options: RemoteOptions): RemoteInstance {
  const source = { source_item_instance_url: options.sender };
  return {
    storeEvent: (text) => post(options, 'store_event', text) as Promise<ActionEvent>,
    async receiveAction(action) {
      const checked = check(receiveAction, { ...action, ...source });
      return (await post(options, 'receive_action', JSON.stringify(checked))) as Action;
    },
    async receiveTransition(transition) {
      const checked = check(receiveTransition, { ...transition, ...source });
      return (await post(options, 'receive_transition', JSON.stringify(checked))) as Action;
    },
  };
}

async function post(options: RemoteOptions, call: Call, body: string): Promise<unknown> {
  const { endpoint, sender, secret, timeoutMilliseconds = 10_000, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMilliseconds);
  const timestamp = Math.floor(Date.now() / 1000);
  let status: number;
  let text: string;
  try {
    const response = await (options.fetch ?? fetch)(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...sign({ call, sender, timestamp, body }, secret) },
      body,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = timeout.aborted ? `no answer within ${timeoutMilliseconds} ms` : reasonOf(error);
    throw new PeerUnavailableError(`${endpoint} cannot be reached: ${why}`, { cause: error });
  }
  const answer = parse(text);
  if (status === 200 && answer !== undefined) return answer;
  const said = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
  const message = typeof said.message === 'string' ? said.message : `answer ${status}`;
  throw new RemoteError(status, `${endpoint}: ${message}`, said);
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  return String(cause?.code ?? cause?.message ?? (error as Error).message);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
