// What the database says where the data layer is not there, as the error that says what to run.

/**
 * A function, view or table of dpg is not there: the database was never migrated, or not to the version of this package, or
 * it was being migrated while the call ran. `code` is PostgreSQL's SQLSTATE, `cause` its error. Nothing was written.
 */
export class NotMigratedError extends Error {
  override name = 'NotMigratedError';
  /** 3F000, 42883 or 42P01. */
  readonly code: string;
  readonly hint =
    'Run: npx dpg-database migrate. If the database was being migrated meanwhile, repeat the call: its ids make that safe.';

  constructor(code: string, missing: string, { cause }: { cause: unknown }) {
    super(`the database is not migrated, run npx dpg-database migrate: ${missing}`, { cause });
    this.code = code;
  }
}

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
