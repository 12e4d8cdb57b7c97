// A database that was dumped and restored is the database that it was, and doctor says so: it compares what survives, not
// how the text came to be. With the extension in public and in a schema of its own, from 15 to 15 and to the version of this
// run, and where pg_dump can read it from that version to itself.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { examine } from '../../sdk/cli/doctor.js';
import { mend } from '../cli/doctor/faults.js';
import { startEmbedded } from '../support/embedded.js';
import { installedWith, run } from '../support/installed.js';
import { migrateToCurrent } from '../support/migrations.js';
import { connectTo, type Databases, withAdmin } from '../support/server.js';
import { testDatabase } from '../support/test-database.js';
import { fill } from './story.js';

const [tools] = installedWith('pg_dump', 'pg_restore');
const version = Number.parseInt(inject('serverVersion'), 10);
const native = tools !== undefined && tools.version >= version;
if (!tools)
  console.log('SKIPPED: restored, doctor finds nothing (no pg_dump and pg_restore on this machine)');
else if (!native)
  console.log(
    `SKIPPED: from ${version} to ${version}, doctor finds nothing (pg_dump here is of ${tools.version})`,
  );

describe.skipIf(!tools).each(['public', 'extensions', 'Ext x'])('with cube in schema %s', async (schema) => {
  const target = await testDatabase({ from: 'empty' });
  const ending: (() => Promise<unknown>)[] = [];
  let source: Databases;

  beforeAll(async () => {
    source = connectTo(inject('adminUrl'));
    if (native) return;
    const server = await startEmbedded('15', { settings: { fsync: 'off' } });
    ending.push(() => server.stop());
    source = connectTo(server.adminUrl);
  });
  afterAll(async () => {
    for (const end of ending.reverse()) await end();
  });

  test('nothing is found before, nor after', { timeout: 120_000 }, async () => {
    const name = (what: string) => `${inject('prefix')}_${what}_${schema.replace(/\W/g, '').toLowerCase()}`;
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    const original = await source.createDatabase(name('original'), { template: 'template0' });
    const back = await source.createDatabase(name('back'), { template: 'template0' });
    ending.push(
      () => source.dropDatabase(name('original')),
      () => source.dropDatabase(name('back')),
    );
    if (schema !== 'public')
      await withAdmin(original, (sql) =>
        sql.unsafe(`create schema ${quoted}; create extension cube schema ${quoted}`).simple(),
      );
    await migrateToCurrent(original);
    await withAdmin(original, fill);
    const folder = await mkdtemp(join(tmpdir(), 'dpg-doctor-'));
    const file = join(folder, 'dump');
    await run(join(tools?.bin ?? '', 'pg_dump'), ['--format=custom', `--file=${file}`, original]);
    for (const url of [back, target.url])
      await run(join(tools?.bin ?? '', 'pg_restore'), ['--exit-on-error', `--dbname=${url}`, file]);
    await rm(folder, { recursive: true });
    for (const url of [original, back, target.url]) {
      const sql = postgres(url, { max: 1, onnotice: () => {} });
      expect((await examine(sql)).found).toEqual([]);
      await sql.end();
    }
  });

  test('what is missing of places is mended where the extension is', async () => {
    const sql = postgres(target.url, { max: 1, onnotice: () => {} });
    await sql.unsafe(`drop function dpg_private.place_box cascade`);
    const { found } = await examine(sql);
    expect(found.map(({ object }) => object)).toContain('function dpg_private.place_box');
    await mend(sql, found);
    expect((await examine(sql)).found).toEqual([]);
    await sql.end();
  });
});
