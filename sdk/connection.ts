// Connections that the SDK opens itself. postgres.js has two habits by which a connection that is cut ends the process,
// and whoever passes a connection string cannot know of them.

import postgres from 'postgres';
import { addArrayTypes } from './arrays.js';
import { isConnectionLoss } from './connection-loss.js';
import { InvalidArgumentError } from './errors.js';
import { guardSending } from './postgres-js.js';

/** The settings of postgres.js, for connections that the SDK makes. */
export type ConnectionOptions = postgres.Options<Record<string, never>>;

/** An instance of postgres.js, which connects with its first statement. */
export function connectTo(url: string, options: ConnectionOptions = {}): postgres.Sql {
  const sql = made(url, {
    // Unless told otherwise, postgres.js asks each new connection for the types of all arrays, and nobody waits for the
    // answer: when it is an error, the process ends. In a database of many leaves it also takes as long as a call.
    fetch_types: false,
    // it prints notices unless told otherwise
    onnotice: () => undefined,
    ...options,
  });
  addArrayTypes(sql.options);
  return withSafeTransactions(sql);
}

const EXAMPLE = 'postgres://user:password@host:5432/database';

/**
 * Refuses what is no connection string, without repeating it: it may hold a password. `takes` says what would do.
 * @throws {InvalidArgumentError}
 */
export function checkUrl(given: unknown, takes: string): asserts given is string {
  if (typeof given === 'string' && given !== '') return;
  const isMissing = given === undefined || given === null || given === '';
  const problem = isMissing
    ? `is missing: got ${given === '' ? 'an empty text' : given}: is DATABASE_URL set?`
    : `is refused: got a value of type ${typeof given}`;
  throw new InvalidArgumentError('DP001', `url ${problem}`, {
    detail: { argument: 'url', value: null },
    hint: `${takes}: ${EXAMPLE}`,
  });
}

function made(url: string, options: ConnectionOptions): postgres.Sql {
  try {
    return postgres(url, options);
  } catch (error) {
    // an error of an unreadable URL holds the URL, and with it the password
    if ((error as { code?: unknown }).code !== 'ERR_INVALID_URL' && !(error instanceof URIError)) throw error;
    throw new InvalidArgumentError('DP001', 'url cannot be read', {
      detail: { argument: 'url', value: null },
      hint: `A URL looks like ${EXAMPLE}; other characters in it are written as %40.`,
    });
  }
}

type Begin = (...given: unknown[]) => Promise<unknown>;
type Work = (tx: postgres.TransactionSql) => unknown;

/**
 * When the connection of a transaction is lost, postgres.js sends `rollback` on it all the same, or whatever the
 * transaction does next, and that throws outside of any promise (its issue 1208). So a transaction that has lost its
 * connection sends nothing more here: its statements are refused, and it ends with the error of the connection.
 */
function withSafeTransactions(sql: postgres.Sql): postgres.Sql {
  const begin = sql.begin as Begin;
  const safeBegin: Begin = (...given) => {
    const lifeline = new Lifeline();
    const work = given.pop() as Work;
    const begun = begin(...given, (tx: postgres.TransactionSql) => lifeline.run(work, tx));
    // the connection may be lost while no statement is under way: postgres.js ends the transaction then
    begun.catch((error: unknown) => lifeline.notice(error));
    return Promise.race([begun, lifeline.lost]);
  };
  return Object.assign(sql, { begin: safeBegin });
}

/** Whether the connection of a transaction is there. */
class Lifeline {
  /** Rejects when the connection is lost. */
  readonly lost: Promise<never>;
  #loss: { error: unknown } | undefined;
  #reject!: (error: unknown) => void;

  constructor() {
    this.lost = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // whoever waits for the transaction hears of it
    this.lost.catch(() => undefined);
  }

  notice(error: unknown): void {
    if (this.#loss || !isConnectionLoss(error)) return;
    this.#loss = { error };
    this.#reject(error);
  }

  /** Does the work of a transaction or savepoint. Where the connection is lost it never ends, so that nothing is rolled back. */
  async run(work: Work, tx: postgres.TransactionSql): Promise<unknown> {
    try {
      const result = work(this.#guarded(tx));
      const done = await (Array.isArray(result) ? Promise.all(result) : result);
      if (!this.#loss) return done;
    } catch (error) {
      if (!this.#loss) throw error;
    }
    return new Promise(() => undefined);
  }

  #guarded(tx: postgres.TransactionSql): postgres.TransactionSql {
    const guard = (made: unknown) => this.#guardedStatement(made);
    return new Proxy(tx, {
      apply: (target, self, given) => guard(Reflect.apply(target, self, given)),
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (name === 'savepoint') return (...given: unknown[]) => this.#savepoint(member as Begin, given);
        if (name === 'unsafe' || name === 'file')
          return (...given: unknown[]) => guard((member as (...given: unknown[]) => unknown)(...given));
        return member;
      },
    });
  }

  #savepoint(savepoint: Begin, given: unknown[]): Promise<unknown> {
    if (this.#loss) return this.lost;
    const work = given.pop() as Work;
    const made = savepoint(...given, (tx: postgres.TransactionSql) => this.run(work, tx));
    return Promise.race([made, this.lost]);
  }

  #guardedStatement(made: unknown): unknown {
    // identifiers and lists of values are made in the same way, and are no promises
    if (!(made instanceof Promise)) return made;
    guardSending(
      made,
      () => this.#loss,
      (error) => this.notice(error),
    );
    return made;
  }
}
