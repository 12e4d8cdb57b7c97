// Lists: a page at a time, or row by row across pages.

/** Some rows, and the token to go on with: null when there are no more. */
export interface Page<Row> {
  rows: Row[];
  /** Pass it as `page_token`, with the same filters. */
  next_page_token: string | null;
  /**
   * The page for other programs, without the token of each row: `JSON.stringify(page)` is that, and
   * `{ ...page.toJSON(), total }` adds to it. The rows of the page itself keep theirs, as those of a copy (`{ ...page }`) do,
   * which has no `toJSON`.
   */
  toJSON(): PageOfJson<Row>;
}

/** A {@link Page} whose rows have no token of their own. */
export interface PageOfJson<Row> {
  rows: WithoutToken<Row>[];
  next_page_token: string | null;
}

/** Of each of the types that a row may be of. */
type WithoutToken<Row> = Row extends unknown ? Omit<Row, 'next_page_token'> : never;

/** What every row of a list has. */
export interface Listed {
  /** Continues after this row. */
  next_page_token: string;
}

/** Loads the page at a token; without one, the page that the caller's arguments name. */
type LoadPage<Row> = (pageToken?: string) => Promise<Page<Row>>;

/**
 * A list that has not been asked for yet. Awaited it is one page (one statement, however often it is awaited); iterated
 * (`for await`) it is all rows from there on, a statement a page, anew with each loop.
 */
export class List<Row> implements Promise<Page<Row>>, AsyncIterable<Row> {
  readonly [Symbol.toStringTag] = 'List';
  readonly #loadPage: LoadPage<Row>;
  #page: Promise<Page<Row>> | undefined;

  constructor(loadPage: LoadPage<Row>) {
    this.#loadPage = loadPage;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaited, a list is a page
  then<Fulfilled = Page<Row>, Rejected = never>(
    onfulfilled?: ((page: Page<Row>) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onrejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#page ??= this.#loadPage();
    return this.#page.then(onfulfilled, onrejected);
  }

  catch<Rejected = never>(
    onrejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Page<Row> | Rejected> {
    return this.then(null, onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<Page<Row>> {
    return this.then().finally(onfinally);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    let page = await this.#loadPage();
    yield* page.rows;
    while (page.next_page_token !== null) {
      page = await this.#loadPage(page.next_page_token);
      yield* page.rows;
    }
  }
}

/**
 * A list of what `load` returns for these arguments. They are checked at once (so that later changes to them do not
 * matter), but refused only when the list is asked for, as a promise that rejects.
 */
export function list<Arguments extends { page_size: number }, Row extends Listed>(
  check: () => Arguments,
  load: (values: Arguments & { page_token?: string | null | undefined }) => Promise<Row[]>,
): List<Row> {
  let checked: Arguments;
  let refusal: { error: unknown } | undefined;
  try {
    checked = check();
  } catch (error) {
    refusal = { error };
  }
  return new List(async (pageToken) => {
    if (refusal) throw refusal.error;
    const rows = await load(pageToken === undefined ? checked : { ...checked, page_token: pageToken });
    const last = rows.length < checked.page_size ? undefined : rows.at(-1);
    return pageOf(rows, last?.next_page_token ?? null);
  });
}

function pageOf<Row extends Listed>(rows: Row[], next_page_token: string | null): Page<Row> {
  const page = { rows, next_page_token, toJSON };
  // a page is its two fields for all who compare, copy or print it
  return Object.defineProperty(page, 'toJSON', { enumerable: false });
}

function toJSON<Row extends Listed>(this: Page<Row>): PageOfJson<Row> {
  return { ...this, rows: this.rows.map(withoutToken) };
}

function withoutToken<Row extends Listed>({ next_page_token: _, ...row }: Row) {
  return row as WithoutToken<Row>;
}
