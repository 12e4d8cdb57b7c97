// A dump by pg_dump, restored by pg_restore, is the same database: object by object, row by row, and in what it does.
// The programs come with PostgreSQL, not with npm. A dump can be made of a server that is no newer than pg_dump: where the
// server of this run is newer, the dump is made of a 15 and restored into this one.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { type Catalogue, catalogue, differences } from '../support/catalogue.js';
import { startEmbedded } from '../support/embedded.js';
import { installedWith, run } from '../support/installed.js';
import { migrateToCurrent, projectFolder } from '../support/migrations.js';
import { failureOfFile } from '../support/pgtap.js';
import { loadHelpers, loadPgtap } from '../support/pgtap-source.js';
import { connectTo, type Databases, withAdmin } from '../support/server.js';
import { isSoak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { extend, fill, moveAway } from './story.js';

const [tools] = installedWith('pg_dump', 'pg_restore');
const version = Number.parseInt(inject('serverVersion'), 10);
if (!tools) console.log('SKIPPED: dump and restore (no pg_dump and pg_restore on this machine)');

/**
 * What a dump or the schema of cube can change: grants and texts of functions, the feed's positions, places, names of
 * partitions, the seed's queries. The catalogue is compared object by object, so of the other pgTAP files a fifth is run;
 * a soak runs all.
 */
const TOUCHED = /^(access|feed|geo|partitions)[\\/]|^seed_queries/;

let source: Databases;
let crossing = false;
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  if (!tools) return;
  source = connectTo(inject('adminUrl'));
  if (version > tools.version) {
    const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
    const server = await startEmbedded('15', { settings });
    ending.push(() => server.stop());
    source = connectTo(server.adminUrl);
    crossing = true;
  }
});
afterAll(async () => {
  for (const end of ending.reverse()) await end();
});

describe.skipIf(!tools).each(['public', 'extensions'])(
  'with the extension cube in schema %s',
  async (schema) => {
    const target = await testDatabase({ from: 'empty' });
    const bare = await testDatabase({ from: 'empty' });
    const native = await testDatabase({ from: 'empty' });
    const name = `${inject('prefix')}_dumped_${schema}`;
    let original: postgres.Sql;
    const extended = schema === 'extensions'; // with columns and a trigger of an application

    beforeAll(async () => {
      await build(await source.createDatabase(`${name}_bare`, { template: 'template0' }), schema);
      await copy(`${name}_bare`, bare.url);
      const url = await source.createDatabase(name, { template: `${name}_bare` });
      if (extended) await withAdmin(url, extend);
      await withAdmin(url, fill);
      await withAdmin(url, moveAway);
      await copy(name, target.url);
      if (crossing) {
        await build(native.url, schema);
        if (extended) await withAdmin(native.url, extend);
        await withAdmin(native.url, fill);
        await withAdmin(native.url, moveAway);
      }
      original = postgres(url, { max: 1, onnotice: () => {} });
      ending.push(async () => {
        await original.end();
        for (const made of [name, `${name}_bare`]) await source.dropDatabase(made);
      });
    }, 120_000);

    test('every object is there: indexes, constraints, grants, triggers, functions, policies, partitions', async () => {
      const restored = await catalogue(target.sql);
      const expected = await catalogue(crossing ? native.sql : original);
      const found = differences(comparable(expected), comparable(restored), ['original', 'restored']);
      expect(found, found.join('\n')).toEqual([]);
      const count = (kind: string) =>
        [...restored.keys()].filter((object) => object.startsWith(`${kind} `)).length;
      expect(count('index')).toBeGreaterThan(100);
      expect(count('index')).toBe(
        [...expected.keys()].filter((object) => object.startsWith('index ')).length,
      );
      for (const kind of ['constraint', 'trigger', 'function', 'policy', 'table', 'view'])
        expect(count(kind)).toBeGreaterThan(1);
      const [row] = await target.sql`
      select count(*)::int as leaves, (select count(*)::int from pg_index where not indisvalid) as invalid,
        (select count(*)::int from pg_trigger where tgname like 'action_events_%' and tgenabled <> 'A'
          and tgname <> 'action_events_note_parties') as ordinary
      from dpg.partitions`;
      expect(row).toEqual({ leaves: 19, invalid: 0, ordinary: 0 });
    });

    test('every row is there', async () => {
      const [left, right] = [await contents(original), await contents(target.sql)];
      expect(right).toEqual(left);
      expect(Object.values(left).filter((digest) => digest !== null).length).toBeGreaterThan(20);
    });

    test('it goes on from where it was', async () => {
      const sql = target.connect({ role: 'dpg_app', max: 1 });
      const dpg = createDpg(sql);
      const asha = dpg.as('restore asha');
      const { rows } = await dpg.items.nearest({
        item_network: 'restore_one',
        item_domain: 'student',
        latitude: 12.97,
        longitude: 77.59,
      });
      expect(rows.map(({ item_id }) => item_id)).toEqual(['00000000-0000-4000-8000-000000000002']);
      expect((await asha.actions.find({ page_size: 100 })).rows.length).toBe(8);
      // A repeated call is known to have been made; a redacted event stays empty; a new leaf finds a name.
      const again = await asha.actions.perform({
        action_type: 'connect',
        source: {
          item_network: '日本',
          item_domain: 'student',
          item_type: 'profile',
          item_id: '00000000-0000-4000-8000-000000000004',
        },
        target: {
          item_network: '日本',
          item_domain: 'tu.tor',
          item_type: 'profile',
          item_id: '00000000-0000-4000-8000-000000000014',
        },
        requirements_snapshot: { subject: 'math' },
        remarks: 'please',
        action_id: '00000000-0000-4000-8000-000000000034',
      });
      expect(again).toMatchObject({ action_status: 'accepted', update_count: 1 });
      expect(await dpg.partitions.ensureItem({ item_network: '日-本', item_domain: 'student' })).toMatch(
        /^dpg\.i_p_+[0-9a-f]{8}_student$|^dpg\.i_p_/,
      );
      await expect(
        dpg.partitions.ensureItem({ item_network: 'restore registered', item_domain: 'tutor' }),
      ).rejects.toMatchObject({ code: 'DP014' });
      expect(
        await dpg.items.get({
          item_network: 'restore one',
          item_domain: 'tu.tor',
          item_type: 'profile',
          item_id: '00000000-0000-4000-8000-000000000021',
        }),
      ).toMatchObject({ created_by: 'dpg_erased_user', item_state: {} });
      // Immutable as before, also under the settings with which a restore may run.
      const owner = target.connect({ max: 1, connection: { session_replication_role: 'replica' } });
      for (const text of [
        'update dpg.action_events set remarks = $$x$$',
        'delete from dpg.e_p_restoreone_connect',
        'truncate dpg.e_p_restoreone_connect',
      ])
        await expect(owner.unsafe(text)).rejects.toMatchObject({ code: 'DP012' });
      const [record] = await target.sql`
      select redaction_id from dpg.redact_event('restore officer', 'restore one', 'connect', '00000000-0000-4000-8000-000000000071', 'request 3')`;
      expect(record?.redaction_id).toBe('3');
    });

    test('it is vacuumed, analysed and indexed anew without a search path', async () => {
      const sql = target.connect({ max: 1, connection: { search_path: '' } });
      await sql`vacuum (full, analyze)`;
      await sql`vacuum (analyze)`;
      await sql.unsafe(`reindex database "${target.name}"`);
    });

    // One of the two in each run of continuous integration, since every file takes as long as in its own test.
    const turn = () => isSoak || crossing === (schema === 'extensions');
    test('every pgTAP file passes on one that nobody has used yet', { timeout: 600_000 }, async (context) => {
      if (!turn()) context.skip(`SKIPPED here: done with the extension in the other schema`);
      const folder = join(projectFolder, 'test/pgtap');
      const all = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.sql')).sort();
      const files = all.filter((path, index) => isSoak || TOUCHED.test(path) || index % 5 === 0);
      expect(files.length).toBeGreaterThan(20);
      const failures: string[] = [];
      for (const file of files) {
        const failure = await failureOfFile(bare, join(folder, file));
        if (failure !== undefined) failures.push(`${file}: ${failure}`);
      }
      expect(failures, failures.join('\n')).toEqual([]);
    });
  },
);

async function build(url: string, schema: string): Promise<void> {
  await withAdmin(url, async (sql) => {
    if (schema !== 'public')
      await sql.unsafe(`create schema ${schema}; create extension cube schema ${schema}`).simple();
  });
  await migrateToCurrent(url);
  await loadPgtap(url);
  await loadHelpers(url);
}

async function copy(database: string, url: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-dump-'));
  const file = join(folder, 'dump');
  const bin = tools?.bin ?? '';
  await run(join(bin, 'pg_dump'), ['--format=custom', `--file=${file}`, source.url(database)]);
  await run(join(bin, 'pg_restore'), ['--exit-on-error', `--dbname=${url}`, file]);
  await rm(folder, { recursive: true });
}

/**
 * Without what PostgreSQL names or adds by itself: 18 keeps each "not null" as a constraint with a name, which a dump of 15
 * has not; of a foreign key to a partitioned table it keeps one for each partition, numbered as they were made; and an
 * expression of several "and" comes back with fewer parentheses.
 */
function comparable(objects: Catalogue): Catalogue {
  return new Map(
    [...objects]
      .filter(([object, definition]) => !(object.startsWith('constraint ') && /"NOT NULL /.test(definition)))
      .map(([object, definition]) => [
        object.replace(/^(constraint .*_fkey)_\d+ /, `$1 (${/REFERENCES (\S+)\(/.exec(definition)?.[1]}) `),
        definition.replace(/[()]/g, ''),
      ]),
  );
}

/** A digest of the rows of each table of ours. */
async function contents(sql: postgres.Sql): Promise<Record<string, string | null>> {
  const tables = await sql`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('dpg', 'dpg_private', 'public') order by 1`;
  const digests: Record<string, string | null> = {};
  for (const { name } of tables) {
    const [row] = await sql.unsafe(
      `select md5(string_agg(t::text, chr(10) order by t::text collate "C")) as digest from ${name} t`,
    );
    digests[name] = row?.digest ?? null;
  }
  return digests;
}
