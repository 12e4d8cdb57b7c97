// What the program says of a healthy database, of several faults, and before it is migrated.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { catalogue, differences } from '../../support/catalogue.js';
import { committedMigrations } from '../../support/migrations.js';
import { testDatabase } from '../../support/test-database.js';
import { type Installed, installedCommand } from '../command.js';
import { about, error, type Finding, faults, notice, warning, withPatient } from './faults.js';

const fresh = await testDatabase();
const empty = await testDatabase({ from: 'empty' });
let command: Installed;

beforeAll(async () => {
  command = await installedCommand();
});
afterAll(() => command.remove());

/** The last migration: others refer to those before it. */
const last = (await committedMigrations()).at(-1) ?? '';
const recorded = last.replace(/-.*/, '.sql');

/** By the program itself. */
async function examined(url: string): Promise<{ exitCode: number; findings: Finding[] }> {
  const { exitCode, document } = await command.document(url, 'doctor');
  return { exitCode, findings: document.findings as Finding[] };
}

describe('a healthy database', () => {
  test('that is fresh has nothing', async () => {
    expect(await examined(fresh.url)).toEqual({ exitCode: 0, findings: [] });
    expect(await command.dpgDatabase(fresh.url, 'doctor')).toEqual({
      exitCode: 0,
      stdout: 'Nothing was found by 31 checks.\n',
      stderr: '',
    });
    expect((await command.dpgDatabase(fresh.url, 'doctor', '--sql')).stdout.trim()).toBe('');
  });

  test('that has items, actions, events of several networks and a subscription has nothing', async () => {
    await withPatient(async ({ url }) => {
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });
});

test('it changes nothing; --sql is one script, which mends everything', async () => {
  await withPatient(async ({ url, sql }) => {
    await sql
      .unsafe(`drop trigger action_events_no_truncate on dpg.e_p_restoreone_visit;
        alter table dpg.a_p_restoreone detach partition dpg.a_p_restoreone_visit;
        drop function dpg.get_item;
        update graphile_migrate.migrations set hash = 'sha1:other' where filename = '${recorded}'`)
      .simple();
    const before = await catalogue(sql);
    const told = await command.dpgDatabase(url, 'doctor');
    expect(told.stdout.startsWith(`error: ${last}\n  It was run here with other content`)).toBe(true);
    expect(told.stdout).toMatch(/… \d+ more lines: see --sql\n/);
    expect(told.stdout).toMatch(/\n4 errors\.\n$/);
    const { stdout: script } = await command.dpgDatabase(url, 'doctor', '--sql');
    expect(differences(before, await catalogue(sql), ['before', 'after'])).toEqual([]);
    await sql.unsafe(script).simple();
    expect((await examine(sql)).found).toEqual([]);
  });
});

describe('migrations', () => {
  test('the record was lost: that is all it says, and writing it anew mends it', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql`delete from graphile_migrate.migrations`;
      const { exitCode, findings } = await examined(url);
      expect(exitCode).toBe(1);
      expect(findings.map(about)).toEqual([
        error('migrations', 'table graphile_migrate.migrations', /^No migration is on record/),
      ]);
      await sql.unsafe(findings[0]?.mend[0] ?? '');
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
      expect((await command.dpgDatabase(url, 'migrate')).exitCode).toBe(0);
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });

  test('the last one was not run: that is all it says, and migrating mends it', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql`delete from graphile_migrate.migrations where filename = ${recorded}`;
      const { exitCode, findings } = await examined(url);
      expect(exitCode).toBe(1);
      expect(findings).toEqual([
        {
          check: 'migrations',
          severity: 'error',
          object: last,
          problem:
            'It was not run on this database. What else is to be found is examined when all have been run.',
          mend: ['npx dpg-database migrate'],
          mend_with: 'shell',
        },
      ]);
      expect((await command.dpgDatabase(url, 'migrate')).exitCode).toBe(0);
      expect(await examined(url)).toEqual({ exitCode: 0, findings: [] });
    });
  });

  test('an empty database: none was run', async () => {
    const { sql, url } = empty;
    expect((await examined(url)).findings.map(({ object }) => object)).toEqual([
      (await committedMigrations()).join(', '),
    ]);
    expect(await sql`select from pg_namespace where nspname in ('dpg', 'graphile_migrate')`).toHaveLength(0);
  });

  test('the database is newer than the package', async () => {
    await withPatient(async ({ url, sql }) => {
      await sql`insert into graphile_migrate.migrations (hash, filename) values ('sha1:later', '000099.sql')`;
      const { findings } = await examined(url);
      expect(findings.map(about)).toEqual([warning('migrations', '000099.sql', /newer than the package/)]);
      expect(findings[0]?.mend).toEqual(['npm install dpg-database@latest']);
    });
  });

  faults({
    'one was run with other content': {
      plant: `update graphile_migrate.migrations set hash = 'sha1:other' where filename = '${recorded}'`,
      found: [error('migrations', last, /other content/)],
    },
  });
});

describe('extensions', () => {
  faults({
    'cube is gone, and with it what has to do with places': {
      plant: 'drop extension cube cascade',
      found: [
        error('extensions', 'extension cube', /missing/),
        notice('extensions', 'extension earthdistance', /no function of ours needs it/),
        ...['place', 'place_box', 'chord_meters'].map((name) =>
          error('objects', `function dpg_private.${name}`, /missing/),
        ),
        warning('objects', 'index dpg.items_place_idx', /missing/),
        ...['circle_box', 'is_in_box', 'nearest_by_slot', 'find_nearest'].map((name) =>
          error('objects', `function dpg_private.${name}`, /missing/),
        ),
      ],
    },
    'one that only queries of your own need': {
      plant: 'drop extension pgcrypto',
      found: [notice('extensions', 'extension pgcrypto', /no function of ours needs it/)],
      exitCode: 0,
    },
  });
});
