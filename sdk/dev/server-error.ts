/** Why the server did not start, in words: `hint` says what to do. */
export class ServerError extends Error {
  override name = 'ServerError';
  readonly hint: string | undefined;

  constructor(message: string, { hint, cause }: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause });
    this.hint = hint;
  }
}
