// What a command of `dpg-database` is: a file of its own here, listed in commands.ts.

import type postgres from 'postgres';

/** How a process ends: fixed, since scripts and pipelines rely on them. */
export const exitCodes = {
  /** All is well, or done. */
  fine: 0,
  /** The command did its work and found something that somebody should look at. */
  found: 1,
  /** Wrong usage: nothing was sent to the database. */
  usage: 2,
  /** The database cannot be reached, or does not let us in. */
  connection: 3,
  /** The database, or what the command needs, refused: the message says what to do. */
  refused: 4,
} as const;

/** An option of one command; those of all (--json, --help, --version; --database-url where one is needed) are in options.ts. */
export interface Option {
  type: 'boolean' | 'string';
  short?: string;
  multiple?: boolean;
  /** What stands for the value in the help of a string: `<network>`. */
  value?: string;
  /** A sentence without a full stop. */
  description: string;
}

/** What every command has. */
export interface Surroundings {
  /** Nothing but one JSON document goes to standard output: see `writeJson`. */
  readonly json: boolean;
  /** Of the command's own options. */
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
  /** A line, or several, on standard output: what was asked for. */
  write(text?: string): void;
  /** The document of --json, with `command` first; a bigint is written as a number. */
  writeJson(document: object): void;
  /** A line on standard error: what is told besides. */
  note(text: string): void;
}

export interface Context extends Surroundings {
  /** One connection, made with the first statement; whoever started the command closes it. */
  readonly sql: postgres.Sql;
  readonly url: string;
}

interface Described {
  name: string;
  /** For the list of commands: a few words, without a full stop. */
  summary: string;
  /** What it does, in whole sentences, for its --help; with the shape of --json and what its exit codes mean. */
  help: string;
  options?: Record<string, Option>;
  /** How positional arguments stand in the usage line: `[<subscription>]`. None are taken where this is missing. */
  positionals?: string;
}

export interface DatabaseCommand extends Described {
  needsDatabase?: true;
  /** The exit code, one of `exitCodes`. An `Error` that is thrown is told in a line or two, and ends with `refused`. */
  run(context: Context): Promise<number>;
}

/** One that is given no database. */
export interface LocalCommand extends Described {
  needsDatabase: false;
  run(surroundings: Surroundings): Promise<number>;
}

export type Command = DatabaseCommand | LocalCommand;

/** What the caller should have written: told with the usage, and ends with `exitCodes.usage`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A refusal in words of our own, with what to do. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
