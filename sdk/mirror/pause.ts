// Waiting: until a signal, longer from time to time, and never all at once.

/** Resolves after so many milliseconds, or when the signal comes. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
}

/** Doubles from `first` to `most`; each time a random part of it, from a half to all, so that not all come at once. */
export interface Backoff {
  /** Milliseconds after the first failure. */
  first: number;
  /** Milliseconds at most. */
  most: number;
}

/** Milliseconds to wait after so many failures. */
export function backoff({ first, most }: Backoff, failures: number): number {
  return Math.min(most, first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
