import { NotMigratedError } from '../not-migrated.js';
import { type Command, exitCodes, Refusal, UsageError } from './command.js';

interface Told {
  exitCode: number;
  /** One line, or two. */
  lines: string[];
}

/** What an error says, in a line or two, and how the process ends for it. */
export function told(error: unknown, command?: Command): Told {
  if (error instanceof UsageError) {
    const more = ['dpg-database', command?.name, '--help'].filter(Boolean).join(' ');
    return { exitCode: exitCodes.usage, lines: [error.message, `See ${more}.`] };
  }
  const { message, hint } = described(error);
  return {
    exitCode: error instanceof ConnectionError ? exitCodes.connection : exitCodes.refused,
    lines: hint ? [message, hint] : [message],
  };
}

/** The database cannot be reached, or does not let us in. */
export class ConnectionError extends Refusal {}

/** Why there is no connection; `place` says to what, without the password. */
export function connectionError(error: unknown, place: string): ConnectionError {
  const { message, code } = described(error);
  return new ConnectionError(`no connection to ${place}: ${message}`, HINTS[code ?? ''] ?? CHECK, {
    cause: error,
  });
}

/** Whether the connection was lost under way. */
export function isConnectionLoss(error: unknown): boolean {
  const { code } = described(error);
  return code !== undefined && /^(CONNECTION_|CONNECT_|ECONN|EPIPE|57P0[1-3]$|08)/.test(code);
}

const CHECK = 'Check the URL, and that the server listens there and lets this machine in.';
const HINTS: Record<string, string> = {
  '28P01': 'Check user and password of the URL; special characters in them are written as %40.',
  '3D000': 'Check the name of the database, or make it: create database ...;',
  '42704':
    'The URL names a parameter that the server does not know: see what stands after its question mark.',
  '53300': 'Try again when fewer are connected, or raise max_connections.',
  '57P03': 'The server is starting or stopping: try again in a moment.',
};

/** Whether something that a command needs is not there. */
export function isOfMissing(error: unknown): boolean {
  return MISSING[described(error).code ?? ''] === NOT_MIGRATED;
}

/** The same where the database was migrated, and objects are gone. */
export function missingObjectError(error: unknown): Refusal {
  return new Refusal(described(error).message, 'Objects are missing. Run: npx dpg-database doctor', {
    cause: error,
  });
}

interface Described {
  message: string;
  hint: string | undefined;
  code: string | undefined;
}

/** Anything that was thrown. An error of several addresses (AggregateError) has no message of its own. */
function described(thrown: unknown): Described {
  // the command has its own words for what is missing
  const error = thrown instanceof NotMigratedError ? thrown.cause : thrown;
  if (!(error instanceof Error)) return { message: String(error), hint: undefined, code: undefined };
  const { hint, code } = error as { hint?: string | null; code?: string };
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined)?.message : undefined;
  const message = error.message || inner || code || error.name;
  return { message, hint: hint || MISSING[code ?? ''], code };
}

const NOT_MIGRATED = 'Is the database migrated? Run: npx dpg-database migrate';
const MISSING: Record<string, string> = {
  '3F000': NOT_MIGRATED,
  '42P01': NOT_MIGRATED,
  '42883': NOT_MIGRATED,
  '42501': 'Connect as the role that migrates, or ask it for the grant.',
};
