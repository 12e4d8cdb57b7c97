// perform_action, then transition_action on the same action.

import { BARE, type Contestant, SEED, THIS } from '../contestants/contestant.js';
import { type Experiment, measurements, median } from '../experiment.js';
import { rotated, timed } from '../measure.js';
import { ACTION_TYPE, contestants, knownItem, NETWORK, SOURCE_OWNER, TARGET_OWNER } from './world.js';

const PERFORM = 'perform_action';
const TRANSITION = 'transition_action';
const BOTH = 'both';

export const actions: Experiment = {
  name: 'actions',
  title: 'perform_action, then transition_action',
  done: 'Somebody starts an action between two items (`perform_action`), and the owner of the target changes its status (`transition_action`). Both calls write an event. Each call is timed, and both together.',
  limits: [
    'Bare SQL checks the parties and the transition. It knows no limits and no repeated call.',
    "This is loopback again: the seed's many trips cost little there. [The next experiment](#one-round-trip-the-same-calls-across-a-network) shows them at a distance.",
  ],
  missed: [
    'What is above bare SQL: checks with words for each refusal, the look for a repeated call, and a look at the graph and at the leaves.',
  ],
  async run(bench) {
    const those = await contestants(bench);
    const times = new Map([PERFORM, TRANSITION, BOTH].map((what) => [what, new Map<string, number[]>()]));
    for (const by of times.values()) for (const { name } of those) by.set(name, []);
    let n = 0;
    const act = async (contestant: Contestant, isCounted: boolean) => {
      n += 1;
      let action_id = '';
      const performed = await timed(async () => {
        const ends = [knownItem('student', n), knownItem('tutor', n * 7)] as const;
        action_id = await contestant.performAction(SOURCE_OWNER, ACTION_TYPE, ...ends);
      });
      const moved = await timed(() =>
        contestant.transitionAction(
          TARGET_OWNER,
          { partition_network: NETWORK, action_type: ACTION_TYPE, action_id },
          'accepted',
        ),
      );
      if (!isCounted) return;
      times.get(PERFORM)?.get(contestant.name)?.push(performed);
      times.get(TRANSITION)?.get(contestant.name)?.push(moved);
      times
        .get(BOTH)
        ?.get(contestant.name)
        ?.push(performed + moved);
    };
    for (const contestant of those) for (let i = 0; i < 40; i += 1) await act(contestant, false);
    for (let round = 0; round < bench.amount(12, 4); round += 1)
      for (const contestant of rotated(those, round))
        for (let i = 0; i < bench.amount(50, 30); i += 1) await act(contestant, true);
    await Promise.all(those.map((contestant) => contestant.end()));

    const found = [...times].flatMap(([what, by]) => measurements(what, by));
    const ratios = [BOTH, PERFORM, TRANSITION].flatMap((what) => [
      {
        what: `× bare SQL's time, ${what}`,
        value: median(found, THIS, what) / median(found, BARE, what),
        ...(what === BOTH && { atMost: 1.2 }),
      },
      {
        what: `of the seed's time, ${what}`,
        value: median(found, THIS, what) / median(found, SEED, what),
      },
    ]);
    const notes = [
      "In a network of 100 leaves. The seed's use writes action and event in two transactions, and locks nothing before it writes.",
    ];
    return { unit: 'ms', measurements: found, ratios, notes };
  },
};
