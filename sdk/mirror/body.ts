// Reading the body of a request: not too much of it, not too slowly, and not too many at a time. Whoever sends one has said
// who it is, but nothing is proved before the body is there.

export interface BodyLimits {
  /** The longest body that is read, 8 MiB unless told. */
  maxBytes?: number;
  /** What bodies that are not dealt with yet may hold together, 64 MiB unless told. */
  maxBufferedBytes?: number;
  /** Bodies that are read at the same time, 1,000 unless told. */
  maxConcurrentBodies?: number;
  /** For a body to come, 10,000 unless told. */
  bodyTimeoutMilliseconds?: number;
}

/** Something read the body before the handler: no signature can be checked without it. */
export class BodyAlreadyReadError extends Error {
  override name = 'BodyAlreadyReadError';

  constructor() {
    super(
      'the body of the message was read before the handler of dpg-database got the request: put the handler before express.json(), c.req.json(), request.json() and the like, or take its path out of them',
    );
  }
}

export type BodyFlaw = 'too long' | 'too slow' | 'too many' | 'cut off' | 'no UTF-8';

export class BodyRefusal extends Error {
  override name = 'BodyRefusal';
  readonly flaw: BodyFlaw;

  constructor(flaw: BodyFlaw) {
    super(flaw === 'too many' ? 'too many messages at a time' : `the body is ${flaw}`);
    this.flaw = flaw;
  }
}

/** Reads the bodies of one handler. */
export class BodyReader {
  readonly maxBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #maxConcurrentBodies: number;
  readonly timeoutMilliseconds: number;
  #bufferedBytes = 0;
  #bodies = 0;

  constructor(limits: BodyLimits) {
    this.maxBytes = limits.maxBytes ?? 8 * 1024 * 1024;
    this.#maxBufferedBytes = limits.maxBufferedBytes ?? 64 * 1024 * 1024;
    this.#maxConcurrentBodies = limits.maxConcurrentBodies ?? 1000;
    this.timeoutMilliseconds = limits.bodyTimeoutMilliseconds ?? 10_000;
  }

  /** The body as text goes to `use`; as long as that takes, it counts as buffered. */
  async read<Result>(request: Request, use: (text: string) => Promise<Result>): Promise<Result> {
    if (request.bodyUsed) throw new BodyAlreadyReadError();
    const announced = Number(request.headers.get('content-length') ?? 0);
    if (announced > this.maxBytes) throw new BodyRefusal('too long');
    if (
      this.#bodies >= this.#maxConcurrentBodies ||
      this.#bufferedBytes + (announced || 0) > this.#maxBufferedBytes
    )
      throw new BodyRefusal('too many');
    const held = { bytes: 0 };
    try {
      this.#bodies += 1;
      let text: string;
      try {
        text = decode(await this.#chunks(request, held));
      } finally {
        this.#bodies -= 1;
      }
      return await use(text);
    } finally {
      this.#bufferedBytes -= held.bytes;
    }
  }

  async #chunks(request: Request, held: { bytes: number }): Promise<Uint8Array[]> {
    const reader = request.body?.getReader();
    if (!reader) return [];
    const chunks: Uint8Array[] = [];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new BodyRefusal('too slow')), this.timeoutMilliseconds);
    });
    late.catch(() => undefined);
    try {
      while (true) {
        const { done, value } = await Promise.race([reader.read().catch(cutOff), late]);
        if (done) return chunks;
        held.bytes += value.byteLength;
        this.#bufferedBytes += value.byteLength;
        if (held.bytes > this.maxBytes) throw new BodyRefusal('too long');
        if (this.#bufferedBytes > this.#maxBufferedBytes) throw new BodyRefusal('too many');
        chunks.push(value);
      }
    } finally {
      clearTimeout(timer);
      // not cancelled: a server may take that for the end of the connection, before the answer is sent
      reader.releaseLock();
    }
  }
}

function cutOff(error: unknown): never {
  throw error instanceof BodyAlreadyReadError ? error : new BodyRefusal('cut off');
}

function decode(chunks: Uint8Array[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BodyRefusal('no UTF-8');
  }
}
