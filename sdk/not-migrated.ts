// What the database says where the data layer is not there, as the error that says what to run.

import { NotMigratedError } from './errors.js';

/** In place of an error that says that something of ours is not there; any other error as it is. */
export function toNotMigratedError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof NotMigratedError) return error;
  const code = String((error as { code?: unknown }).code);
  return MISSING.has(code) && OURS.test(error.message)
    ? new NotMigratedError(code, error.message, { cause: error })
    : error;
}

/** invalid_schema_name, undefined_function, undefined_table. */
const MISSING = new Set(['3F000', '42883', '42P01']);
const OURS = /\bdpg(_private)?\b/;
