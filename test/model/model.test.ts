// Random sequences of all writing calls by several actors against the contract in memory (contract.ts): each answer,
// each refusal and, after every sequence, every table and what the reads make of it.
//
//   DPG_MODEL_RUNS=10000 npx vitest run test/model      more sequences
//   npm run test:soak                                   as many as its seconds allow
//   DPG_MODEL_SEED=… DPG_MODEL_PATH=… DPG_MODEL_REPLAY=… npx vitest run test/model
//                                                       the one that failed, as its message said

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSoak, soakSeconds, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { type Call, type Made, reads, writes } from './calls.js';
import { Contract, Learnt, Refusal, type Row, same, seen, USERS } from './contract.js';
import { prepare, type Read, Session, statement, type Write } from './database.js';

const database = await testDatabase();
const { sql } = database;
await prepare(sql);
for (const user of USERS)
  await sql`insert into public."user" (id, name, email) values (${user}, ${user}, ${`${user}@example.com`})`;
// the leaves are there: to make one takes as long as twenty calls, and after that all plans are made again
for (const network of ['yellow_dot', 'blue dot']) {
  await sql`select dpg.ensure_item_partition(${network}, d) from unnest(array['student', 'tutor']) d`;
  await sql`
    select dpg.ensure_action_partition(${network}, t), dpg.ensure_action_event_partition(${network}, t)
    from unnest(array['connect', 'apply']) t`;
}

// a definition of items in a network that had none changes a function: one network has had some, the other has not
await sql`select dpg.define_item('yellow_dot', 'student', '[]'), dpg.define_item('yellow_dot', 'student', null)`;

const outcomes: Record<string, Record<string, number>> = {};

/** Both answer alike; what only the database can know is learnt. */
async function perform(name: Write, args: Row, model: Contract, session: Session): Promise<void> {
  const text = statement(name, args);
  const events = model.events.length;
  const predicted = predict(() => model[name](args));
  const answer = await session.attempt(text, name);
  if (predicted instanceof Refusal || 'code' in answer) {
    const said = 'code' in answer ? `${answer.code}: ${answer.message}` : JSON.stringify(answer.rows);
    const code = predicted instanceof Refusal ? predicted.code : 'rows';
    if (!('code' in answer) || answer.code !== code)
      throw new Error(`${text}\nthe contract says ${code}, the database ${said}`);
    expect(answer.hint, text).toBeTruthy();
    expect(JSON.parse(answer.detail ?? ''), text).toBeTypeOf('object');
    count(name, code);
    return;
  }
  if (name.startsWith('define_')) return count(name, 'rows');
  const rows = name === 'transition_actions' ? answer.rows.map(resultOf) : answer.rows;
  expect(rows.length, text).toBe(predicted.length);
  predicted.forEach((row, i) => {
    agree(row, rows[i] as Row, text);
    if (name === 'transition_actions') count('each of transition_actions', String(row.code ?? 'rows'));
  });
  count(name, 'rows');
  if (name === 'set_item_status' && model.events.length > events) count('set_item_status', 'that closes');
}

/** Of one among many: what became of the action, or its refusal, whose words are not the contract's. */
function resultOf({ index, action_id, action_status, update_count, code, message, hint, detail }: Row): Row {
  if (code === null) return { index, action_id, action_status, update_count };
  expect([message, hint].every(Boolean) && detail instanceof Object, String(message)).toBe(true);
  return { index, code };
}

function predict<T>(call: () => T): T | Refusal {
  try {
    return call();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** As it is sent: an argument that is undefined is left out, as is a field of JSON. */
function withoutUndefined(args: Row): Row {
  return Object.fromEntries(
    Object.entries(args)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value instanceof Object ? JSON.parse(JSON.stringify(value)) : value]),
  );
}

function count(name: string, outcome: string) {
  outcomes[name] ??= {};
  outcomes[name][outcome] = (outcomes[name][outcome] ?? 0) + 1;
}

function agree(row: Row, actual: Row, what: string): void {
  expect(Object.keys(actual).sort(), what).toEqual(Object.keys(row).sort());
  for (const [column, value] of Object.entries(row)) {
    const found = actual[column];
    if (value instanceof Learnt && value.value === undefined) {
      expect(found, `${column} of ${what}`).toBeTypeOf('string');
      if (value.after !== undefined && !((found as string) > value.after))
        throw new Error(`${what}\n${column} is ${found}, not later than ${value.after}`);
      value.value = found as string;
    } else if (!same(seen(value), found)) {
      throw new Error(
        `${what}\n${column} is ${JSON.stringify(found)}, not ${JSON.stringify(seen(value))} as the contract says`,
      );
    }
  }
}

class Step implements fc.AsyncCommand<Contract, World> {
  #statement = '';
  constructor(private readonly call: Call<Write>) {}

  check() {
    return true;
  }

  async run(model: Contract, { session, history }: World) {
    const args = withoutUndefined(this.call.resolve(model, history));
    const { name } = this.call;
    this.#statement = statement(name, args);
    history.push({ name, args });
    await perform(name, args, model, session);
  }

  toString() {
    return `\n${this.#statement};`;
  }
}

interface World {
  session: Session;
  history: Made[];
}

async function compareState(model: Contract, session: Session): Promise<void> {
  const state = await session.state();
  const keys = {
    items: ['item_network', 'item_domain', 'item_type', 'item_id'],
    actions: ['partition_network', 'action_type', 'action_id'],
    // the ids of most events are random: this is their other key
    events: ['partition_network', 'action_type', 'origin_instance_domain', 'action_id', 'update_count'],
    itemDefinitions: ['item_network', 'item_domain'],
    definitions: ['partition_network', 'action_type'],
  };
  for (const { final_statuses } of state.definitions) (final_statuses as string[]).sort();
  for (const [table, key] of Object.entries(keys) as [keyof typeof keys, string[]][]) {
    const keyOf = (row: Row) => JSON.stringify(key.map((column) => seen(row[column])));
    const found = new Map(state[table].map((row) => [keyOf(row), row]));
    expect([...found.keys()].sort(), table).toEqual(model[table].map(keyOf).sort());
    expect(state[table].length, table).toBe(model[table].length);
    for (const row of model[table]) agree(row, found.get(keyOf(row)) as Row, `${table} ${keyOf(row)}`);
  }
  expect(state.urls).toEqual([...model.urls].sort());
  const rules = state.network_rules.filter(({ rules }) => rules !== null);
  expect(new Map(rules.map(({ network, rules }) => [network, rules]))).toEqual(model.networkRules);
}

async function compareRead({ name, resolve }: Call<Read>, model: Contract, session: Session): Promise<void> {
  const args = withoutUndefined(resolve(model, []));
  const text = statement(name, args);
  const predicted = predict(() => model[name](args));
  const first = await session.attempt(text);
  if (predicted instanceof Refusal || 'code' in first) {
    const code = predicted instanceof Refusal ? predicted.code : 'rows';
    const found = 'code' in first ? first.code : 'rows';
    if (found !== code)
      throw new Error(`${text}\nthe contract says ${code}, the database ${JSON.stringify(first)}`);
    return count(name, code);
  }
  count(name, 'rows');
  if (typeof predicted === 'number') return expect(first.rows, text).toEqual([predicted]);

  let { rows } = first;
  const size = Number(args.page_size ?? 20);
  const all = [...rows];
  // pages that go round and round end, too
  while (!/^(get|count)_/.test(name) && rows.length === size && all.length <= predicted.length) {
    const next = await session.attempt(
      statement(name, { ...args, page_token: rows.at(-1)?.next_page_token }),
    );
    if (!('rows' in next)) throw new Error(`${text}\nits next page is ${JSON.stringify(next)}`);
    rows = next.rows;
    expect(rows.length, text).toBeLessThanOrEqual(size);
    all.push(...rows);
  }
  expect(all.length, text).toBe(predicted.length);
  all.forEach(({ next_page_token, ...actual }, i) => {
    const row = { ...(predicted[i] as Row) };
    if ('distance_meters' in row) {
      // by another formula: equal to a millimetre, or a billionth
      const [found, right] = [Number(actual.distance_meters), Number(row.distance_meters)];
      expect(Math.abs(found - right), text).toBeLessThan(Math.max(0.001, right * 1e-9));
      row.distance_meters = actual.distance_meters;
    }
    agree(row, actual, `row ${i} of ${text}`);
  });
}

const NOTHING_KEPT = new Error('rolled back');

const ref = (item_network: string, item_domain: string, i: number) => ({
  item_network,
  item_domain,
  item_type: 'profile_1.0',
  item_id: `11111111-0000-4000-8000-00000000000${i}`,
});
const STUDENT = ref('yellow_dot', 'student', 0);
const TUTOR = ref('yellow_dot', 'tutor', 1);
const FARAWAY = ref('blue dot', 'tutor', 2);
const url = {
  item_instance_url: 'https://one.example.com',
  item_schema_url: 'https://schemas.example.com/a.json',
};
const place = { item_latitude: 12.9352, item_longitude: 77.6245 };
const action_id = (i: number) => `aaaaaaaa-0000-4000-8000-00000000000${i}`;

/** What most sequences begin with: items, actions of one network and of two, and one from another instance. */
const POPULATION: [Write, Row][] = [
  ['upsert_item', { actor: 'asha', ...STUDENT, ...url, ...place }],
  ['upsert_items', { actor: 'ravi', items: [{ ...TUTOR, ...url }] }],
  ['upsert_items', { actor: 'mei', items: [{ ...FARAWAY, ...url, ...place }] }],
  [
    'perform_action',
    { actor: 'asha', action_type: 'connect', source: STUDENT, target: TUTOR, action_id: action_id(0) },
  ],
  [
    'perform_action',
    { actor: 'mei', action_type: 'connect', source: FARAWAY, target: STUDENT, action_id: action_id(1) },
  ],
  [
    'receive_action',
    {
      action_type: 'apply',
      source: ref('yellow_dot', 'student', 2),
      source_item_instance_url: 'https://three.example.com',
      source_item_owner: 'asha',
      target: TUTOR,
      action_id: action_id(0),
    },
  ],
];

const TUTORS = { item_network: 'yellow_dot', item_domain: 'tutor' };
/** Rules and statuses that some sequences begin with: they are met only where several calls are about the same. */
const RULES: [Write, Row][][] = [
  [],
  [
    [
      'define_action',
      {
        ...{ partition_network: 'yellow_dot', action_type: 'connect', transitions: null },
        rules: { max_open_per_pair: 1, final_statuses: ['withdrawn'] },
      },
    ],
  ],
  [
    ['define_network', { network: 'yellow_dot', rules: { max_open_per_pair: 2, max_items_per_owner: 1 } }],
    [
      'define_action',
      {
        ...{ partition_network: 'yellow_dot', action_type: 'apply', transitions: null },
        rules: { max_open_per_source: 1, different_owners: true },
      },
    ],
  ],
  [
    [
      'define_item',
      {
        ...TUTORS,
        statuses: [
          { status: 'draft', found: false, acts: false },
          { status: 'retired', found: false, acts: false, final: true },
        ],
      },
    ],
    [
      'define_action',
      {
        ...{ partition_network: 'yellow_dot', action_type: 'connect' },
        transitions: [
          { from: 'created', to: 'accepted', by: 'target' },
          { from: 'created', to: 'withdrawn', by: 'source' },
          { from: 'accepted', to: 'withdrawn', by: 'either' },
        ],
      },
    ],
  ],
];

const environment = process.env;
const runs = Number(environment.DPG_MODEL_RUNS || (isSoak ? 1e9 : 1000));
const seed = environment.DPG_MODEL_SEED ? Number(environment.DPG_MODEL_SEED) : undefined;
const SHORTENING_SECONDS = 120;
const replayPath = environment.DPG_MODEL_REPLAY || undefined;

test('random sequences of all writing calls do what the contract says', {
  timeout: soakTimeout(300, 900),
}, async () => {
  const sequence = fc.commands([writes.map((call) => new Step(call))], {
    maxCommands: 40,
    size: 'max',
    replayPath,
  });
  let failedAt: number | undefined;
  const session = database.connect({ max: 1, role: 'dpg_app', connection: { TimeZone: 'UTC' } });
  const property = fc.asyncProperty(
    fc.constantFrom(0, POPULATION.length, POPULATION.length, POPULATION.length),
    fc.constantFrom(...RULES),
    sequence,
    fc.array(reads, { minLength: 2, maxLength: 8 }),
    async (present, rules, steps, questions) => {
      // a failure is made shorter for so long and no longer: what comes then counts as no failure, and is not run
      if (failedAt !== undefined && Date.now() - failedAt > SHORTENING_SECONDS * 1000) return;
      const rolledBack = session.begin(async (tx) => {
        const model = new Contract();
        const world: World = { session: new Session(tx), history: [] };
        for (const [name, args] of [...POPULATION.slice(0, present), ...rules])
          await perform(name, args, model, world.session);
        await fc.asyncModelRun(() => ({ model, real: world }), steps);
        await compareState(model, world.session);
        for (const question of questions) await compareRead(question, model, world.session);
        throw NOTHING_KEPT;
      });
      await rolledBack.catch((error) => {
        if (error === NOTHING_KEPT) return;
        failedAt ??= Date.now();
        throw error;
      });
    },
  );
  const time = isSoak ? { interruptAfterTimeLimit: soakSeconds(0) * 1000 } : {};
  const details = await fc.check(property, {
    numRuns: runs,
    ...time,
    ...(seed !== undefined && { seed }),
    ...(environment.DPG_MODEL_PATH && { path: environment.DPG_MODEL_PATH }),
  });
  if (environment.DPG_MODEL_STATISTICS) console.table(outcomes);
  if (details.failed) {
    const replay = /replayPath="(\S+?)"/.exec(String(details.counterexample?.[2]))?.[1] ?? '';
    const { counterexample, counterexamplePath, errorInstance } = details;
    const first = String(counterexamplePath).split(':')[0];
    throw new Error(
      [
        `Replay it: DPG_MODEL_SEED=${details.seed} DPG_MODEL_PATH=${counterexamplePath} DPG_MODEL_REPLAY='${replay}' npx vitest run test/model`,
        `or before it was made shorter: DPG_MODEL_SEED=${details.seed} DPG_MODEL_PATH=${first} npx vitest run test/model`,
        String(counterexample?.[2]),
        String(errorInstance),
      ].join('\n'),
    );
  }
  if (!isSoak && !environment.DPG_MODEL_PATH) expect(details.numRuns).toBe(runs);
  console.log(
    `${details.numRuns} sequences, ${Object.values(outcomes)
      .flatMap(Object.values)
      .reduce((a, b) => a + b, 0)} calls`,
  );
});
