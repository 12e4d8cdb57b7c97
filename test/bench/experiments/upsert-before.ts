// A new item in a domain without definitions: what the life of items, the map, facets and search cost a write that uses none
// of them. The database of the release before is beside it.

import postgres from 'postgres';
import { folderOfRelease, migrate } from '../../support/migrations.js';
import { withAdmin } from '../../support/server.js';
import { THIS } from '../contestants/contestant.js';
import { type Experiment, measurements, median } from '../experiment.js';
import { rotated } from '../measure.js';

const BEFORE = 'before';
/** Migrations of the release before. */
const COMMITTED_BEFORE = 7;
const CALLS = 20;

/** Creates so many items, each in a transaction of its own; milliseconds for each. */
const SLICE = `
  create procedure pg_temp.slice(calls integer, inout milliseconds double precision) language plpgsql as $body$
  declare
    started timestamptz := clock_timestamp();
  begin
    for n in 1 .. calls loop
      perform dpg.upsert_item(
        'asha', 'yellow_dot', 'student', 'profile_1.0', 'https://yellowdot.example.com',
        'https://schemas.example.com/profile_v1.json', '{"name": "Asha", "subject": "math", "verified": true}',
        8 + random() * 20, 70 + random() * 20
      );
      commit;
    end loop;
    milliseconds := extract(epoch from clock_timestamp() - started) * 1000 / calls;
  end
  $body$`;

export const upsertBefore: Experiment = {
  name: 'upsert-before',
  title: 'Upsert of a new item, now and before statuses, the map and search',
  done: `Two databases on one server: this project, and this project as it was before. No client: a loop in the server creates items in one domain that has no definitions. Each call is a transaction of its own that does not wait for the disk. Slices of ${CALLS} calls, in turns.`,
  limits: ['An application adds its round trip to both sides, so that the ratio comes closer to 1.'],
  missed: [
    'Each new item asks whether its owner is noted for the leaf, so that own items are found without a look at others.',
  ],
  async run(bench) {
    const server = await bench.databases.server();
    const { folder, remove } = await folderOfRelease(COMMITTED_BEFORE);
    const former = await bench.databases.create(server);
    await migrate(former, folder).finally(remove);
    const sessions = [
      { name: THIS, url: await bench.databases.migrated() },
      { name: BEFORE, url: former },
    ].map(({ name, url }) => ({ name, url, sql: postgres(url, { max: 1, onnotice: () => {} }) }));
    for (const { url, sql } of sessions) {
      await withAdmin(url, async (admin) => {
        await admin`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
        await admin`select dpg.ensure_item_partition('yellow_dot', 'student')`;
      });
      await sql`set synchronous_commit = off`;
      await sql.unsafe(SLICE);
    }
    const times = new Map<string, number[]>(sessions.map(({ name }) => [name, []]));
    const warmUp = 20;
    for (let round = -warmUp; round < bench.amount(300, 60); round += 1)
      for (const { name, sql } of rotated(sessions, round + warmUp)) {
        const [row] = await sql.unsafe(`call pg_temp.slice(${CALLS}, 0)`);
        if (round >= 0) times.get(name)?.push(row?.milliseconds);
      }
    await Promise.all(sessions.map(({ sql }) => sql.end()));
    const found = measurements('upsert of a new item', times);
    return {
      unit: 'ms',
      measurements: found,
      ratios: [
        { what: '× the time before', value: median(found, THIS) / median(found, BEFORE), atMost: 1.03 },
      ],
      notes: [],
    };
  },
};
