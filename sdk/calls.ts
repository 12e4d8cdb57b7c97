// Calls as somebody sees them who measures: their name, how long they took, what came of them. Nothing of what they say.

import { z } from 'zod';
import { tell } from './listeners.js';

/** A call that has ended: one statement on one server. It holds no argument, no row and no message. */
export interface EndedCall {
  /** The function or the view of the database: `upsert_item`. */
  name: string;
  /** Whether it only reads. */
  isReading: boolean;
  /** The server that it was sent to: `host:port/database`; undefined where the instance does not tell. */
  server: string | undefined;
  /** From the call until its answer: with the wait for a free connection, and without the reading of rows. */
  milliseconds: number;
  /** How many rows came; undefined where it failed. */
  rows: number | undefined;
  /**
   * Why it failed: the SQLSTATE (`DP006`, `40001`), or what postgres.js and the system say of a connection that is lost
   * (`CONNECTION_CLOSED`, `ECONNREFUSED`). Undefined where it succeeded.
   */
  code: string | undefined;
}

/** Is told of each call when it has ended. */
export type OnCall = (call: EndedCall) => void;

/** Of the options, that of calls. */
export const onCallOption = {
  onCall: z.custom<OnCall>((value) => typeof value === 'function', 'Pass a function.').optional(),
};

/** Tells of the calls that one server gets. */
export class Observer {
  readonly #onCall: OnCall;
  readonly #server: string | undefined;

  constructor(onCall: OnCall, server: string | undefined) {
    this.#onCall = onCall;
    this.#server = server;
  }

  /** A call has ended, which began at this time of `performance.now()`. */
  ended(name: string, isReading: boolean, begun: number, came: { rows: number } | { error: unknown }): void {
    tell(this.#onCall, {
      name,
      isReading,
      server: this.#server,
      milliseconds: performance.now() - begun,
      rows: 'rows' in came ? came.rows : undefined,
      code: 'error' in came ? codeOf(came.error) : undefined,
    });
  }
}

function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
}
