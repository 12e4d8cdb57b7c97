// What postgres.js keeps to itself and the SDK needs. It is read here and nowhere else, and each of these says what happens
// with a version of postgres.js that does not have it.

/** A statement of postgres.js: sent by its handler, when somebody waits for it. */
interface Statement extends Promise<unknown> {
  handler(statement: Statement): void;
  reject(error: unknown): void;
}

/**
 * Whether the server may have seen a statement. postgres.js notes in it the connection that it was given to: until then it
 * is null. Where there is no such note, the worse is assumed.
 */
export function mayHaveBeenSent(query: object): boolean {
  return (query as { state?: unknown }).state !== null;
}

/**
 * Has a statement look at `refusal` when it is sent: with one it is not sent, and ends with its error. `onError` is told of
 * an error. Where statements have no handler, this one is sent as ever.
 */
export function guardSending(
  made: Promise<unknown>,
  refusal: () => { error: unknown } | undefined,
  onError: (error: unknown) => void,
): void {
  const statement = made as Partial<Pick<Statement, 'handler'>>;
  const send = statement.handler;
  if (typeof send !== 'function') return;
  const guardedSend = (sent: Statement) => {
    const refused = refusal();
    if (refused) return sent.reject(refused.error);
    sent.catch(onError);
    send(sent);
  };
  // postgres.js keeps settings of the statement in its handler
  statement.handler = Object.assign(guardedSend, send);
}

/**
 * For each type, that of its array, as postgres.js has learned of them. Where it keeps no such map, `sql.array` has to be
 * told the type.
 */
export function arrayTypesOf(options: object): Record<number, number> | undefined {
  return (options as { shared?: { typeArrayMap?: Record<number, number> } }).shared?.typeArrayMap;
}
