// Reading all events by 1,000: the first reader, for whom events get their places in the feed, and later ones.

import { MESSAGE_DB, MESSAGE_DB_WHOLE, THIS } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import { messageDb } from '../contestants/message-db.js';
import { type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { rotated, timed } from '../measure.js';
import { eventWorlds, SMALL, WHOLE } from './event-worlds.js';

const BATCH = 1000;
const UPDATES = 9;
const FIRST = 'first reader';
const LATER = 'later readers';

export const feed: Experiment = {
  name: 'feed',
  title: 'Read all events, 1,000 at a time',
  done: '`read_events` and `acknowledge` of a new subscription, and `get_category_messages` of message-db, until nothing is left. The first reader meets events that nobody has read. A sample is one batch.',
  limits: [
    'The work is not the same. A batch of ours is leased, and its end is stored by the acknowledgement; a reader of message-db remembers the position itself, and here it forgets it. The target is against messages with a status of a few bytes; "whole events" are messages that tell a reader as much as an event of ours.',
    'An event of ours gets its position after its transaction has committed, by the first reader: positions never appear behind a reader. message-db draws its positions while it writes, under the lock of the category: readers of one category miss nothing either, at the price of writers that wait for one another.',
  ],
  missed: [
    'An event of ours has 30 columns and some 600 bytes, a message 8 columns. Of the time of a later batch the server takes a quarter to find 1,000 events, one search of an index for each, a fifth to write their columns as text, and a tenth to lease and to acknowledge. Most of the rest is the way to the client and the client itself. As 18 cells a row instead of 30 (what has a fixed width in one text) a batch takes 0.9 of the time: not worth a reader of their own.',
    'The first reader takes a third to a half more time. Each event is deleted from the queue and inserted into the feed, with two indexes: that is the price of writers that do not wait for one another.',
  ],
  async run(bench) {
    const events = bench.amount(20_000, 5000);
    const filled = await eventWorlds(bench, events / (UPDATES + 1), UPDATES);
    const whats = [FIRST, LATER];
    const rates = new Map(
      whats.map((what): [string, Map<string, number[]>] => [
        what,
        new Map([THIS, MESSAGE_DB, MESSAGE_DB_WHOLE].map((name) => [name, []])),
      ]),
    );
    const rounds = bench.amount(4, 2);
    for (let round = 0; round < rounds; round += 1) {
      const [dpgUrl, messageDbUrl] = [
        await bench.databases.copy(filled.dpg),
        await bench.databases.copy(filled.messageDb),
      ];
      const ours = dpgContestant(dpgUrl);
      const theirs = messageDb(messageDbUrl);
      for (const [what, subscription] of [
        [FIRST, 'first'],
        [LATER, 'second'],
        [LATER, 'third'],
      ] as const) {
        await ours.dpg.subscriptions.create({ subscription });
        const turns = [
          {
            name: THIS,
            read: async () => {
              const found = await ours.dpg.subscriptions.read({ subscription, max_events: BATCH });
              const last = found.at(-1);
              if (last)
                await ours.dpg.subscriptions.acknowledge({
                  subscription,
                  position: last.position,
                  lease_id: last.lease_id,
                });
              return found.length;
            },
          },
          ...([SMALL, WHOLE] as const).map((category) => {
            let from = 1n;
            return {
              name: category === SMALL ? MESSAGE_DB : MESSAGE_DB_WHOLE,
              read: async () => {
                const found = await theirs.read(category, from, BATCH);
                from = (found.at(-1)?.position ?? from) + 1n;
                return found.length;
              },
            };
          }),
        ];
        for (let batch = 0; batch < events / BATCH; batch += 1) {
          for (const { name, read } of rotated(turns, batch + round)) {
            let count = 0;
            const took = await timed(async () => {
              count = await read();
            });
            if (count !== BATCH) throw new Error(`${name} has read ${count} events instead of ${BATCH}.`);
            // the first prepares statements
            if (batch > 0)
              rates
                .get(what)
                ?.get(name)
                ?.push((BATCH / took) * 1000);
          }
        }
      }
      await Promise.all([ours.end(), theirs.end()]);
      await Promise.all([bench.databases.drop(dpgUrl), bench.databases.drop(messageDbUrl)]);
    }
    const found: Measurement[] = whats.flatMap((what) => measurements(what, rates.get(what) ?? new Map()));
    return {
      unit: 'events a second',
      measurements: found,
      ratios: [MESSAGE_DB, MESSAGE_DB_WHOLE].flatMap((who) =>
        whats.map((what) => ({
          what: `× the events a second of ${who}, ${what}`,
          value: median(found, THIS, what) / median(found, who, what),
          ...(who === MESSAGE_DB && { atLeast: what === FIRST ? 0.5 : 0.7 }),
        })),
      ),
      notes: [
        `${events.toLocaleString('en')} events of ${(events / (UPDATES + 1)).toLocaleString('en')} actions.`,
      ],
    };
  },
};
