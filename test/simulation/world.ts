// A thousand networks that grow: how much each writes in its busiest hour, and how much it keeps.
//
// By Zipf's law the second network writes half of what the first one writes, the third one a third, and so on. What people
// choose freely, towns, words and web sites, is spread in about this way. A thousand networks have one advantage
// less than one may hope for: the first has 1 / (1 + 1/2 + … + 1/1000) of everything, which is 13 %. From there each grows by
// a random factor a day, so that some overtake others.

import { seededRandom } from '../bench/measure.js';

export interface Network {
  /** From 1: the place by what it wrote on the first day. */
  rank: number;
  /** Writes a second in the busiest hour of the day. */
  load: number;
  /** Bytes of rows and indexes. */
  bytes: number;
}

export interface Growth {
  seed: number;
  networks: number;
  days: number;
  /** Writes a second of all networks in the busiest hour of the first day. */
  load: number;
  /** How many times as much all write after the last day, but for the giant. */
  growth: number;
  /** A network of the middle grows by this factor a day from a day on: the giant. */
  giant?: { rank: number; from: number; factor: number };
}

/** A row of items, actions or events with its indexes, by write: docs/scaling.md, "What one server holds". */
const BYTES_A_WRITE = 1_100;
/** The busiest hour has so many times the writes of a mean hour. */
const PEAK = 3;
/** How far a day's growth of one network is from that of the others, as a standard deviation of its logarithm. */
const UNSTEADINESS = 0.02;
const SECONDS_A_DAY = 86_400;
/** Of writing as much as on the first day, for what is there then. */
const DAYS_BEFORE = 365;

/** The networks day by day, the same objects each day. */
export function* days({
  seed,
  networks: count,
  days: length,
  load,
  growth,
  giant,
}: Growth): Generator<Network[]> {
  const random = seededRandom(seed);
  const ranks = Array.from({ length: count }, (_, index) => index + 1);
  const whole = ranks.reduce((sum, rank) => sum + 1 / rank, 0);
  const networks = ranks.map((rank): Network => {
    const writes = load / whole / rank;
    return { rank, load: writes, bytes: bytesOf(writes) * DAYS_BEFORE };
  });
  // so that the mean, and not only the median, grows as asked
  const drift = Math.log(growth) / length - UNSTEADINESS ** 2 / 2;
  for (let day = 0; day < length; day += 1) {
    if (day > 0) grow(day);
    yield networks;
  }

  function grow(day: number): void {
    for (const network of networks) {
      network.bytes += bytesOf(network.load);
      network.load *= Math.exp(drift + UNSTEADINESS * normal(random));
      if (network.rank === giant?.rank && day > giant.from) network.load *= giant.factor;
    }
  }
}

const bytesOf = (load: number) => (load / PEAK) * SECONDS_A_DAY * BYTES_A_WRITE;

/** Normally distributed, by Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
