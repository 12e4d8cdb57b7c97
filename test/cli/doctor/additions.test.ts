// What others have put into our schemas, or taken from partitions: planted, reported, mended by the statements of the report
// where there are some, and gone. And what an application may add is no finding.

import { expect, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { folderOfRelease, migrate } from '../../support/migrations.js';
import { testDatabase } from '../../support/test-database.js';
import { mend, withPatient } from './faults.js';

const half = await testDatabase({ from: 'empty' });

/** [check, severity, object] of each finding; `undo` mends what has no statement. */
const FAULTS: Record<string, { plant: string; found: [string, string, string][]; undo?: string }> = {
  functions: {
    plant: `create function dpg.theirs(a text) returns text language sql return a;
      create function dpg_private.theirs() returns integer language sql return 1;
      create procedure dpg.done() language sql begin atomic select 1; end;
      create function dpg.theirs_step(a text, b text) returns text language sql return a;
      create aggregate dpg.longest(text) (sfunc = dpg.theirs_step, stype = text)`,
    found: [
      ['additions', 'warning', 'procedure dpg.done()'],
      ['additions', 'warning', 'aggregate dpg.longest(text)'],
      ['additions', 'warning', 'function dpg.theirs(text)'],
      ['additions', 'warning', 'function dpg.theirs_step(text,text)'],
      ['additions', 'warning', 'function dpg_private.theirs()'],
    ],
    undo: `drop aggregate dpg.longest(text); drop function dpg.theirs, dpg.theirs_step, dpg_private.theirs; drop procedure dpg.done`,
  },
  'tables, views, sequences and types': {
    plant: `create table dpg.notes (id bigint generated always as identity, note text);
      create view dpg_private.seen as select 1 as one;
      create materialized view dpg.counts as select count(*) from dpg.items;
      create sequence dpg.numbers;
      create type dpg.colour as enum ('red');
      create type dpg.pair as (a text, b text);
      create type dpg.span as range (subtype = date);
      create domain dpg.short as text check (length(value) < 10)`,
    found: [
      ['additions', 'warning', 'materialized view dpg.counts'],
      ['additions', 'warning', 'table dpg.notes'],
      ['additions', 'warning', 'sequence dpg.numbers'],
      ['additions', 'warning', 'type dpg.pair'],
      ['additions', 'warning', 'view dpg_private.seen'],
      ['additions', 'warning', 'type dpg.colour'],
      ['additions', 'warning', 'domain dpg.short'],
      ['additions', 'warning', 'type dpg.span'],
    ],
    undo: `drop materialized view dpg.counts; drop table dpg.notes; drop sequence dpg.numbers; drop type dpg.pair, dpg.colour, dpg.span;
      drop view dpg_private.seen; drop domain dpg.short`,
  },
  'the table of adopt --quarantine': {
    plant: 'create table dpg.quarantined_rows (quarantined_row_id bigint generated always as identity)',
    found: [['additions', 'notice', 'table dpg.quarantined_rows']],
    undo: 'drop table dpg.quarantined_rows',
  },
  'rules, and a policy of one partition': {
    plant: `create rule silent as on delete to dpg.networks do instead nothing;
      create policy theirs on dpg.e_p_restoreone_visit for select to public using (true)`,
    found: [
      ['additions', 'warning', 'rule silent on dpg.networks'],
      ['additions', 'warning', 'policy theirs on dpg.e_p_restoreone_visit'],
    ],
  },
  'row level security of a leaf, a policy of a network': {
    plant: `alter table dpg.e_p_restoreone_visit disable row level security;
      drop policy item_actions_all on dpg.a_p_restoreone;
      alter policy item_actions_parties_only on dpg.a_p_restoreone_visit using (true)`,
    found: [
      ['partition policies', 'error', 'table dpg.e_p_restoreone_visit'],
      ['partition policies', 'error', 'table dpg.a_p_restoreone'],
      ['partition policies', 'error', 'table dpg.a_p_restoreone_visit'],
    ],
  },
  'what is for administrators is granted to others, and what is private': {
    plant: `grant execute on function dpg.erase_user to pg_monitor;
      grant execute on function dpg_private.insert_event to pg_monitor`,
    found: [
      ['grants', 'error', 'function dpg.erase_user(text,text,text)'],
      ['grants', 'error', expect.stringMatching(/^function dpg_private.insert_event\(/) as unknown as string],
    ],
  },
  'what is for everybody is granted to others, schemas, tables, sequences and types': {
    plant: `grant execute on function dpg.get_item to pg_monitor;
      grant usage on schema dpg, dpg_private to pg_monitor;
      grant select on dpg.items, dpg_private.feed_positions to pg_monitor;
      grant usage on sequence dpg_private.event_queue_seq_seq to pg_monitor;
      grant usage on type dpg.item_ref to pg_monitor`,
    found: [
      ['grants', 'notice', 'function dpg.get_item(text,text,text,uuid)'],
      ['grants', 'notice', '2 schemas'],
      ['grants', 'notice', 'sequence dpg_private.event_queue_seq_seq'],
      ['grants', 'notice', '2 tables'],
      ['grants', 'notice', 'type dpg.item_ref'],
    ],
  },
};

test.each(Object.entries(FAULTS))('%s', async (_, { plant, found, undo }) => {
  await withPatient(async ({ sql }) => {
    await sql.unsafe(plant).simple();
    const ill = await examine(sql);
    expect(ill.found.map(({ check, severity, object }) => [check, severity, object])).toEqual(found);
    await mend(sql, ill.found);
    if (undo) await sql.unsafe(undo).simple();
    expect((await examine(sql)).found).toEqual([]);
  });
});

test('a member of dpg_admin that was granted what is for administrators has nothing that it lacked', async () => {
  await withPatient(async ({ sql }) => {
    const role = `dpg_admin_${Date.now()}`;
    await sql
      .unsafe(`create role ${role} in role dpg_admin; grant execute on function dpg.erase_user to ${role}`)
      .simple();
    expect((await examine(sql)).found).toEqual([]);
    await sql.unsafe(`drop owned by ${role}; drop role ${role}`).simple();
  });
});

test('what an application may add is no finding', async () => {
  await withPatient(async ({ sql }) => {
    await sql
      .unsafe(`alter table dpg.items add column note text;
        create index of_an_application on dpg.items (note);
        create table public.labels (id bigint generated always as identity primary key);
        create function public.touch() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin return new; end';
        create trigger touch before update on dpg.item_actions for each row execute function public.touch();
        create statistics public.of_an_application on item_type, created_by from dpg.items;
        select dpg.ensure_action_partition('restore one', 'call')`)
      .simple();
    expect((await examine(sql)).found).toEqual([]);
  });
});

test('half of the migrations is one finding, whatever else is not as it will be', async () => {
  const release = await folderOfRelease(2);
  await migrate(half.url, release.folder).finally(release.remove);
  const { made, found } = await examine(half.sql);
  expect(made).toEqual(['migrations']);
  expect(found).toMatchObject([
    { severity: 'error', object: expect.stringMatching(/^000003-/), mend: ['npx dpg-database migrate'] },
  ]);
});
