// A change of status with the update_count that is expected, and what is nearest to it in message-db.

import { MESSAGE_DB, MESSAGE_DB_WHOLE, THIS } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import { messageDb } from '../contestants/message-db.js';
import { type Bench, type Experiment, type Measurement, measurements, median } from '../experiment.js';
import { interleaved, rotated, throughput } from '../measure.js';
import {
  ACTION_TYPE,
  actionId,
  dataOf,
  type EventWorlds,
  eventWorlds,
  NETWORK,
  OWNER,
  SMALL,
  streamOf,
  WHOLE,
  withoutFlush,
} from './event-worlds.js';

const ACTIONS = 800;
const CASES = [
  { what: 'one connection', connections: 1, flush: true },
  { what: 'one connection, no flush', connections: 1, flush: false },
  { what: '16 connections', connections: 16, flush: true },
  { what: '16 connections, no flush', connections: 16, flush: false },
];

export const append: Experiment = {
  name: 'append',
  title: 'Append an event with an expected version',
  done: '`transition_action` with `expected_update_count`, and `write_message` of message-db with `expected_version`, each over 800 actions or streams in turn. With one connection a sample is the time of a call, as calls a second; with 16 it is a count of the calls of a second.',
  limits: [
    'The work is not the same. `transition_action` locks and changes the row of the action, checks the party and the state graph, copies owners, keys and places of both sides into the event, and puts it into the feed. `write_message` compares the version and inserts one row; who may write it is left to its caller. "Whole events" are messages with what an event of ours says.',
    'message-db takes one lock for each category until the transaction ends, so appends to one category wait for one another. Ours wait for those of the same action only.',
  ],
  missed: [
    'An event of ours has five indexes on its row and one in the queue of the feed, and the row of the action is changed as well; a message has four indexes and nothing beside it.',
  ],
  async run(bench) {
    const durable = await eventWorlds(bench, ACTIONS, 0);
    const worlds = new Map([
      [true, durable],
      [false, await copyWithoutFlush(durable, bench.databases.copy.bind(bench.databases))],
    ]);
    const found: Measurement[] = [];
    for (const { what, connections, flush } of CASES) {
      const those = contestants(worlds.get(flush) ?? durable, connections);
      const rates = await (connections === 1 ? oneByOne(bench, those) : atOnce(bench, those, connections));
      await Promise.all(those.map(({ end }) => end()));
      found.push(...measurements(what, rates));
    }
    return {
      unit: 'calls a second',
      measurements: found,
      ratios: [MESSAGE_DB, MESSAGE_DB_WHOLE].flatMap((who) =>
        CASES.map(({ what, connections, flush }) => ({
          what: `× the appends a second of ${who}, ${what}`,
          value: median(found, THIS, what) / median(found, who, what),
          ...(who === MESSAGE_DB && connections === 1 && !flush && { atLeast: 0.6 }),
          shown: `× the appends a second of ${who}, ${CASES.length} cases`,
        })),
      ),
      notes: ['"No flush": the server does not wait for the disk (`synchronous_commit = off`).'],
    };
  },
};

interface Caller {
  name: string;
  call(): Promise<void>;
}

async function oneByOne(bench: Bench, those: Caller[]): Promise<Map<string, number[]>> {
  const times = await interleaved(those, { rounds: bench.amount(16, 5), calls: 50, warmUp: 100 });
  return new Map([...times].map(([name, each]) => [name, each.map((time) => 1000 / time)]));
}

async function atOnce(bench: Bench, those: Caller[], connections: number): Promise<Map<string, number[]>> {
  for (const { call } of those) await throughput(connections, 0.5, call);
  const rates = new Map<string, number[]>(those.map(({ name }) => [name, []]));
  for (let round = 0; round < bench.amount(8, 3); round += 1)
    for (const { name, call } of rotated(those, round))
      rates.get(name)?.push(await throughput(connections, bench.amount(1, 0.5), call));
  return rates;
}

async function copyWithoutFlush(
  { dpg, messageDb: store }: EventWorlds,
  copy: (url: string) => Promise<string>,
): Promise<EventWorlds> {
  const copied = { dpg: await copy(dpg), messageDb: await copy(store) };
  for (const url of Object.values(copied)) await withoutFlush(url);
  return copied;
}

function contestants(worlds: EventWorlds, connections: number) {
  const ours = dpgContestant(worlds.dpg, connections);
  const ravi = ours.dpg.as(OWNER);
  return [
    {
      name: THIS,
      call: inTurn(async (n, version) => {
        const action = { partition_network: NETWORK, action_type: ACTION_TYPE, action_id: actionId(n) };
        const expected_update_count = version ?? (await ravi.actions.get(action)).update_count;
        const action_status = `status ${expected_update_count + 1}`;
        return (await ravi.actions.transition(action, { action_status, expected_update_count })).update_count;
      }),
      end: ours.end,
    },
    ...([SMALL, WHOLE] as const).map((category) => {
      const theirs = messageDb(worlds.messageDb, connections);
      return {
        name: category === SMALL ? MESSAGE_DB : MESSAGE_DB_WHOLE,
        call: inTurn(async (n, version) => {
          const stream = streamOf(category, n);
          const expected = BigInt(version ?? (await theirs.version(stream)));
          const status = `status ${expected + 1n}`;
          return Number(await theirs.append(stream, status, dataOf(category, n, status), expected));
        }),
        end: theirs.end,
      };
    }),
  ];
}

/** Calls with each action in turn, never two at a time, and with the version that the last call of it returned. */
function inTurn(call: (n: number, version: number | undefined) => Promise<number>): () => Promise<void> {
  const free: { n: number; version?: number }[] = Array.from({ length: ACTIONS }, (_, n) => ({ n }));
  return async () => {
    const next = free.shift();
    if (!next) throw new Error('There are more calls at a time than actions.');
    free.push({ n: next.n, version: await call(next.n, next.version) });
  };
}
