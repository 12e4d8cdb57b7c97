// The calls of upsert.ts and actions.ts with a server that is further away than loopback, by the round trip.

import postgres from 'postgres';
import { BARE, type Contestant, ROUND_TRIP, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, type Measurement, median } from '../experiment.js';
import { interleaved, rounded, summary, type Turn } from '../measure.js';
import { startProxies } from '../proxy.js';
import {
  ACTION_TYPE,
  contestants,
  knownItem,
  NETWORK,
  newItem,
  SOURCE_OWNER,
  TARGET_OWNER,
} from './world.js';

const UPSERT = 'upsert';
const BOTH = 'perform + transition';

export const network: Experiment = {
  name: 'network',
  title: 'One round trip: the same calls across a network',
  done: 'The calls of the experiments before, with a server that is further away. The more round trips a call makes, the steeper its line: this project and bare SQL make one.',
  limits: ['A delay is not a network: nothing is lost, and the bandwidth is that of loopback.'],
  async run(bench) {
    const { adminUrl } = await bench.databases.server();
    // each way, in milliseconds
    const delays = bench.amount([0, 0.25, 0.5, 1], [0, 0.5]);
    const proxies = await startProxies(adminUrl, delays);
    const ends: (() => Promise<void>)[] = [];
    const turns: (Turn & { delay: number; who: string; panel?: string })[] = [];
    let times = new Map<string, number[]>();
    try {
      for (const delay of delays) {
        const way = (url: string) => proxies.through(url, delay);
        const sql = postgres(way(adminUrl), { max: 1 });
        const those = await contestants(bench, 1, way);
        const calls: { who: string; panel?: string; call(): Promise<unknown> }[] = [
          { who: ROUND_TRIP, call: () => sql`select 1` },
          ...those.map((one) => ({
            panel: UPSERT,
            who: one.name,
            call: () => one.upsertItem(SOURCE_OWNER, newItem()),
          })),
          ...those.map((one) => ({ panel: BOTH, who: one.name, call: () => act(one) })),
        ];
        turns.push(...calls.map((one) => ({ ...one, delay, name: [one.panel, one.who, delay].join() })));
        ends.push(() => sql.end(), ...those.map((one) => () => one.end()));
      }
      times = await interleaved(turns, { rounds: bench.amount(8, 3), calls: 10, warmUp: 12 });
    } finally {
      await Promise.all(ends.map((end) => end()));
      proxies.stop();
    }

    const found: Measurement[] = delays.flatMap((delay) => {
      const of = turns
        .filter((turn) => turn.delay === delay)
        .map(({ panel, who, name }) => ({ ...(panel && { panel }), who, ...summary(times.get(name) ?? []) }));
      const what = rounded(of[0]?.median ?? Number.NaN);
      return of.map((one) => ({ what, ...one }));
    });
    const whats = [...new Set(found.map(({ what }) => what))];
    const ofCall = (call: string) => found.filter(({ panel }) => panel === call);
    const against = (who: string, words: string) =>
      [UPSERT, BOTH].flatMap((call) =>
        whats.map((what) => ({
          what: `${words}, ${call}, at ${what} ms`,
          value: median(ofCall(call), THIS, what) / median(ofCall(call), who, what),
          shown: `${words}, ${call}, ${whats.at(0)} to ${whats.at(-1)} ms away`,
        })),
      );
    return {
      unit: 'ms',
      measurements: found,
      ratios: [...against(SEED, "of the seed's time"), ...against(BARE, "× bare SQL's time")],
      notes: [
        "Round trips: this project and bare SQL make one for each call, and one more for the first of its kind on a connection. The seed's use makes 5 for an upsert (4 of them for the two levels of partitions), 12 for perform_action and 7 for transition_action.",
        `Through a proxy on loopback that holds every chunk back by the same time each way, of ${delays.join(', ')} ms. The round trip that is shown is the median of \`${ROUND_TRIP}\` through it, in the same rounds.`,
      ],
      chart: 'lines',
      axis: `round trip in ms, as ${ROUND_TRIP} meets it`,
    };
  },
};

let n = 0;

async function act(contestant: Contestant): Promise<void> {
  n += 1;
  const ends = [knownItem('student', n), knownItem('tutor', n * 7)] as const;
  const action_id = await contestant.performAction(SOURCE_OWNER, ACTION_TYPE, ...ends);
  const action = { partition_network: NETWORK, action_type: ACTION_TYPE, action_id };
  await contestant.transitionAction(TARGET_OWNER, action, 'accepted');
}
