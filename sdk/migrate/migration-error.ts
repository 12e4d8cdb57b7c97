/** Why the database could not be migrated, in words: `hint` says what to do, `cause` is the error as it came. */
export class MigrationError extends Error {
  override name = 'MigrationError';
  readonly hint: string | undefined;
  /**
   * PostgreSQL's SQLSTATE, where it was the database that refused. Of a lost connection: its last word, the code of the
   * system (ECONNREFUSED), or 08006.
   */
  readonly code: string | undefined;

  constructor(
    message: string,
    { hint, code, cause }: { hint?: string | undefined; code?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.hint = hint;
    this.code = code;
  }
}
