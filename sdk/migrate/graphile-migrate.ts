// The optional peer: nobody needs it but for migrating, and then only where there is something to run.
//
// It ends the process that it runs in when it loses its connection: by process.exit while the connection is idle, by an
// error event that nobody listens to while it is in use. So it runs in a thread of its own, which is all that ends.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MigrationError } from './migration-error.js';

export const VERSION = '2.0.0-rc.3';

/** Why an attempt ended. */
export interface Failure {
  message: string;
  code: string | undefined;
  hint: string | undefined;
  /** The connection is gone, so that nobody knows how far the migration under way has come. */
  isLost: boolean;
  /** The migration that failed; undefined when none was begun. */
  migration: string | undefined;
}

/** What one attempt did: the migrations that it ran, and why it ended before the last one. */
export interface Attempt {
  ran: string[];
  failure: Failure | undefined;
}

/** What the thread says: which migration it begins, and how it has ended. */
type Said =
  | { running: string }
  | { trouble: Thrown }
  | { lost: Thrown }
  | { failed: Thrown }
  | { isDone: true };
type Thrown = Pick<Failure, 'message' | 'code' | 'hint'>;

/** Runs in the thread, as CommonJS. Once the first connection is lost, what else is said is only its consequence. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { graphileMigrate, connectionString, migrationsFolder, application_name } = workerData;
const thrown = (error) => {
  const { message, code, hint, errors } = Object(error);
  const text = message || (errors && errors[0] && errors[0].message) || code || String(error);
  return { message: String(text), code: code && String(code), hint: hint && String(hint) };
};
process.on('uncaughtException', (error) => {
  parentPort.postMessage({ lost: thrown(error) });
  process.exit(1);
});
const { migrate, Logger } = require(graphileMigrate);
const logger = new Logger(() => (level, message, meta) => {
  const [, running] = /Running migration '([^']+)'/.exec(message) || [];
  if (running) parentPort.postMessage({ running });
  // it ends the thread after it has told of a connection that was lost while nobody used it
  if (level === 'error') parentPort.postMessage({ trouble: thrown((meta && meta.error) || new Error(message)) });
});
parentPort.on('message', async (lockMilliseconds) => {
  if (lockMilliseconds === null) return parentPort.close();
  try {
    await migrate({
      connectionString,
      // never used, but compared with the former: what an environment holds for development is not for here
      rootConnectionString: 'postgres:///template1',
      migrationsFolder,
      logger,
      pgSettings: { application_name, lock_timeout: String(lockMilliseconds) },
    });
    parentPort.postMessage({ isDone: true });
  } catch (error) {
    parentPort.postMessage({ failed: thrown(error) });
  }
});
`;

/** It keeps its connections for 200 ms after the last use; then the thread has nothing more to do, and ends. */
const LATE_MILLISECONDS = 2000;

/** graphile-migrate in a thread. */
export class Migrator {
  readonly #workerData: Record<string, string>;
  #thread: { worker: Worker; exited: Promise<void> } | undefined;
  #hear: (said: Said | undefined) => void = () => undefined;

  /** Its session has this `application_name`. */
  constructor(connectionString: string, migrationsFolder: string, application_name: string) {
    this.#workerData = {
      graphileMigrate: graphileMigrate(),
      connectionString,
      migrationsFolder,
      application_name,
    };
  }

  /** Runs what the database has not run yet. A lock that it does not get in so many milliseconds ends it. */
  attempt(lockMilliseconds: number): Promise<Attempt> {
    return new Promise((resolve) => {
      const begun: string[] = [];
      let trouble: Thrown = {
        message: 'the thread that migrates has ended',
        code: undefined,
        hint: undefined,
      };
      const end = (failure?: Failure) => {
        this.#hear = () => undefined;
        resolve({ ran: failure ? begun.slice(0, -1) : begun, failure });
      };
      this.#hear = (said) => {
        if (said === undefined) end({ ...trouble, isLost: true, migration: begun.at(-1) });
        else if ('running' in said) begun.push(said.running);
        else if ('trouble' in said) trouble = said.trouble;
        else if ('lost' in said) end({ ...said.lost, isLost: true, migration: begun.at(-1) });
        else if ('failed' in said) end({ ...said.failed, isLost: false, migration: begun.at(-1) });
        else end();
      };
      // between two attempts it may have ended with its connection
      this.#thread ??= this.#start();
      this.#thread.worker.postMessage(lockMilliseconds);
    });
  }

  /** Lets go of its connections. */
  async end(): Promise<void> {
    if (!this.#thread) return;
    const { worker, exited } = this.#thread;
    worker.postMessage(null);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, LATE_MILLISECONDS);
    });
    await Promise.race([exited, late]);
    clearTimeout(timer);
    await worker.terminate();
  }

  #start(): { worker: Worker; exited: Promise<void> } {
    const worker = new Worker(PROGRAM, {
      eval: true,
      execArgv: [], // what this process was started with is not for the thread: a loader of TypeScript, a kind of module
      stdout: true,
      stderr: true,
      workerData: this.#workerData,
    });
    worker.on('message', (said: Said) => this.#hear(said));
    // what the thread could not tell of by itself; it exits after it
    worker.on('error', (error: Error & { code?: string }) =>
      this.#hear({ trouble: { message: error.message, code: error.code, hint: undefined } }),
    );
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        this.#thread = undefined;
        this.#hear(undefined);
        resolve();
      });
    });
    return { worker, exited };
  }
}

/** Where it is: beside this package, or in the application, should this module be part of a bundle. */
function graphileMigrate(): string {
  const here = import.meta.url as string | undefined;
  for (const from of [here, join(process.cwd(), 'package.json')]) {
    if (from === undefined) continue;
    try {
      return createRequire(from).resolve('graphile-migrate');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new MigrationError('graphile-migrate, which runs the migrations, is not installed', {
    hint: `Run: npm install graphile-migrate@${VERSION}`,
  });
}
