// Every contestant, in the order of charts and tables: what it is, and its hue, the same in every chart. A new one is an entry here.

import {
  BARE,
  COPY,
  GRAPHILE_WORKER,
  MESSAGE_DB,
  MESSAGE_DB_WHOLE,
  POSTGIS,
  POSTGIS_TABLES,
  ROUND_TRIP,
  SEED,
  THIS,
} from './contestant.js';

/** Each is seen on its paper: charts/charts.test.ts. */
export interface Hue {
  light: string;
  dark: string;
}

export interface Described extends Hue {
  /** For a reader of docs/benchmark.md. */
  is: string;
}

export const CONTESTANTS: Record<string, Described> = {
  [THIS]: {
    light: '#1a7f4f',
    dark: '#3fb27f',
    is: 'the functions of this package, called through its SDK',
  },
  [BARE]: {
    light: '#2f6fc9',
    dark: '#6ea8ff',
    is: 'prepared statements that an expert would write for the same effect, one for each call, on the same tables and indexes. They refuse what is not allowed, without saying why, and do not know a repeated call',
  },
  [COPY]: {
    light: '#9a6700',
    dark: '#d9a441',
    is: "PostgreSQL's own bulk load, into the same tables",
  },
  [POSTGIS]: {
    light: '#8250df',
    dark: '#b894ff',
    is: "`geography` with a GiST index, on Debian's PostgreSQL 15: one table, with a column for the domain; left out where it is not installed",
  },
  [POSTGIS_TABLES]: {
    light: '#bf3989',
    dark: '#ff80c8',
    is: 'the same in one table for each domain, as partitions of one',
  },
  [MESSAGE_DB]: {
    light: '#0899a8',
    dark: '#56e0d8',
    is: 'a store of events as functions in PostgreSQL, `@eventide/message-db` from npm: its SQL files as they are, installed in the order of its install script, and called by prepared statements. Its messages have a status of a few bytes',
  },
  [MESSAGE_DB_WHOLE]: {
    light: '#0a3069',
    dark: '#1f8fb8',
    is: 'the same, with all that an event of ours tells its reader in each message: keys, owners, URLs and places of both items',
  },
  [GRAPHILE_WORKER]: {
    light: '#557a00',
    dark: '#b5d84a',
    is: 'a queue of jobs in PostgreSQL, from npm, run by its own library',
  },
  [SEED]: {
    light: '#c2452d',
    dark: '#ff8a73',
    is: 'the design that this project replaces, used as its documentation said: Drizzle on `pg`, and partitions ensured before each insert',
  },
  [ROUND_TRIP]: {
    light: '#6e7781',
    dark: '#8b949e',
    is: 'no contestant: what the way to the server and back costs alone',
  },
};
