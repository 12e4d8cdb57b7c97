// Contestants take turns, round by round, so that whatever else the machine does meets all of them alike.

export interface Turn {
  name: string;
  call(): Promise<unknown>;
}

export interface Rounds {
  rounds: number;
  /** Calls of each contestant in a round. */
  calls: number;
  /** Calls of each contestant before the first round, not counted. */
  warmUp: number;
}

/** The time of each call in milliseconds, by contestant. */
export async function interleaved(
  turns: Turn[],
  { rounds, calls, warmUp }: Rounds,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(turns.map(({ name }) => [name, []]));
  for (const turn of turns) for (let i = 0; i < warmUp; i += 1) await turn.call();
  for (let round = 0; round < rounds; round += 1) {
    for (const turn of rotated(turns, round)) {
      for (let i = 0; i < calls; i += 1) times.get(turn.name)?.push(await timed(turn.call));
    }
  }
  return times;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Whoever begins in one round comes last in the next. */
export function rotated<Value>(values: Value[], by: number): Value[] {
  const first = by % values.length;
  return [...values.slice(first), ...values.slice(0, first)];
}

export interface Summary {
  median: number;
  /** First and third quartile. */
  q1: number;
  q3: number;
  samples: number;
}

export function summary(values: number[]): Summary {
  return {
    median: quantile(values, 0.5),
    q1: quantile(values, 0.25),
    q3: quantile(values, 0.75),
    samples: values.length,
  };
}

export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Two digits below a hundred: a third is more than a benchmark knows. */
export function rounded(value: number): string {
  return value < 99.5 ? value.toPrecision(2) : Math.round(value).toLocaleString('en');
}

/** Runs `work` again and again on each of `lanes` lanes until the time is over; how often it was done, a second. */
export async function throughput(
  lanes: number,
  seconds: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  const lane = async () => {
    while (performance.now() < end) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done / ((performance.now() - start) / 1000);
}

/** Numbers between 0 and 1 that are the same in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
