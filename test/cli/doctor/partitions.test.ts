// Partitions that are detached, renamed, attached by hand, unlogged, or of another bound.

import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { about, error, examined, type Fault, faults, mend, warning, withPatient } from './faults.js';

/** What the feed says of events whose partition is detached. */
const unread = (type: string) => error('lost events', `events of 'restore one'/'${type}'`, /attach it again/);

describe('partitions', () => {
  faults({
    'a leaf is detached': {
      plant: 'alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit',
      found: [error('partitions', 'table dpg.e_p_restoreone_visit', /detached/), unread('visit')],
    },
    'a network is detached': {
      plant: 'alter table dpg.action_events detach partition dpg.e_p_restoreone',
      found: [
        error('partitions', 'table dpg.e_p_restoreone', /detached/),
        unread('connect'),
        unread('visit'),
      ],
    },
    'a network is detached, and a leaf from it': {
      plant: `alter table dpg.action_events detach partition dpg.e_p_restoreone;
        alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit`,
      found: [
        error('partitions', 'table dpg.e_p_restoreone', /detached/),
        error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
        unread('connect'),
        unread('visit'),
      ],
    },
    'leaves outlived their network': {
      plant: `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_connect;
        alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
        drop table dpg.e_p_restoreone cascade`,
      found: [
        error('partitions', 'table dpg.e_p_restoreone_connect', /detached/),
        error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
        unread('connect'),
        unread('visit'),
      ],
    },
    'a leaf of items is detached, with keys that need quotation marks': {
      plant: `select dpg.ensure_item_partition('restore one', $$o'brien \\ "x"$$);
        alter table dpg.i_p_restoreone detach partition dpg.i_p_restoreone_obrienx`,
      found: [error('partitions', 'table dpg.i_p_restoreone_obrienx', /detached/)],
    },
    'detaching concurrently was begun and not ended': {
      plant: `update pg_inherits set inhdetachpending = true where inhrelid = 'dpg.e_p_restoreone_visit'::regclass`,
      found: [
        error('partitions', 'table dpg.e_p_restoreone_visit', /begun with concurrently/),
        unread('visit'),
      ],
    },
    'a leaf has another bound': {
      plant: `select dpg.ensure_item_partition('restore one', 'school');
        alter table dpg.i_p_restoreone detach partition dpg.i_p_restoreone_school;
        alter table dpg.i_p_restoreone attach partition dpg.i_p_restoreone_school for values in ('pupil', 'school')`,
      found: [
        error(
          'partitions',
          'table dpg.i_p_restoreone_school',
          /bound is FOR VALUES IN \('pupil', 'school'\) instead of FOR VALUES IN \('school'\)/,
        ),
      ],
    },
    'a leaf is in another network': {
      plant: `select dpg.ensure_action_event_partition('restore one', 'call');
        alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_call;
        alter table dpg.e_p__99fdfc4e attach partition dpg.e_p_restoreone_call for values in ('call')`,
      found: [
        error(
          'partitions',
          'table dpg.e_p_restoreone_call',
          /attached to dpg.e_p__99fdfc4e instead of dpg.e_p_restoreone/,
        ),
      ],
    },
    'a leaf is unlogged': {
      plant: 'alter table dpg.a_p_restoreone_visit set unlogged',
      found: [error('partitions', 'table dpg.a_p_restoreone_visit', /unlogged/)],
    },
    'a leaf was attached by hand': {
      plant: `create table dpg.by_hand (like dpg.items including all excluding indexes);
        alter table dpg.i_p_restoreone attach partition dpg.by_hand for values in ('o''clock')`,
      found: [error('partitions', 'table dpg.by_hand', /attached by hand/)],
    },
    'a leaf of events was attached by hand, and can be emptied': {
      plant: `create table dpg.by_hand partition of dpg.e_p_restoreone for values in ('by hand')`,
      found: [
        error('partitions', 'table dpg.by_hand', /attached by hand/),
        error('partition policies', 'table dpg.by_hand', /Row level security is off/),
        error('triggers', 'table dpg.by_hand', /lacks the trigger action_events_no_truncate/),
      ],
    },
    'a default partition takes what no leaf is for': {
      plant: 'create table dpg.others partition of dpg.i_p_restoreone default',
      found: [error('partitions', 'table dpg.others', /attached by hand, with the bound DEFAULT/)],
    },
    'an empty table stands in the place of a leaf that was detached': {
      plant: `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
        create table dpg.by_hand partition of dpg.e_p_restoreone for values in ('visit')`,
      found: [
        error('partitions', 'table dpg.by_hand', /attached by hand/),
        error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
        error('partition policies', 'table dpg.by_hand', /Row level security is off/),
        error('triggers', 'table dpg.by_hand', /lacks the trigger action_events_no_truncate/),
        unread('visit'),
      ],
    },
  });

  const rowsOf = async (sql: postgres.Sql) => {
    const [row] = await sql`
      select (select count(*)::integer from dpg.items) as items, (select count(*)::integer from dpg.item_actions) as actions,
        (select count(*)::integer from dpg.action_events) as events`;
    return row;
  };

  /** Mended, every row is where it was, in one tree, and the functions write there. */
  test.each(
    Object.entries({
      'a leaf has another name': {
        plant: 'alter table dpg.e_p_restoreone_visit rename to events_of_visits',
        found: [
          error('partitions', 'table dpg.events_of_visits', /dpg\.e_p_restoreone_visit under another name/),
        ],
      },
      'a network has another name': {
        plant: 'alter table dpg.i_p_restoreone rename to items_of_one',
        found: [error('partitions', 'table dpg.items_of_one', /dpg\.i_p_restoreone under another name/)],
      },
      'a leaf is in another schema, under another name': {
        plant: `alter table dpg.e_p_restoreone_visit rename to visits;
          create schema archive; alter table dpg.visits set schema archive`,
        found: [error('partitions', 'table archive.visits', /dpg\.e_p_restoreone_visit under another name/)],
      },
      'a network is not recorded, nor are its leaves': {
        plant: `delete from dpg_private.partition_names where network = 'restore one'`,
        found: ['a_p_restoreone', 'e_p_restoreone', 'i_p_restoreone']
          .concat([
            ...['a_p_restoreone_connect', 'a_p_restoreone_visit'],
            ...['e_p_restoreone_connect', 'e_p_restoreone_visit'],
            ...['i_p_restoreone_student', 'i_p_restoreone_tutor'],
          ])
          .map((name) => error('partitions', `table dpg.${name}`, /attached by hand/))
          .concat(
            // what knows all leaves of a root with a slot knows those as well
            ['a_p_restoreone_connect', 'e_p_restoreone_connect', 'i_p_restoreone_student'].map((name) =>
              error('slots', expect.stringContaining(`partition dpg.${name}_`), /_in_slot/),
            ),
          ),
      },
      'a network is not recorded, and a leaf of it is detached': {
        plant: `delete from dpg_private.partition_names where name = 'e_p_restoreone';
          alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit`,
        found: [
          error('partitions', 'table dpg.e_p_restoreone', /attached by hand/),
          error('partitions', 'table dpg.e_p_restoreone_visit', /detached/),
          unread('visit'),
        ],
      },
    } satisfies Record<string, Fault>),
  )('%s: no row is lost', async (_, { plant, found }) => {
    await withPatient(async ({ sql, url }) => {
      const before = {
        rows: await rowsOf(sql),
        leaves: await sql`select * from dpg.partitions order by leaf::text`,
      };
      expect(before.rows).toMatchObject({ items: expect.any(Number), events: expect.any(Number) });
      await sql.unsafe(plant).simple();
      const { findings } = await examined(url);
      expect(findings.map(about)).toEqual(found);
      await mend(sql, findings);
      expect((await examine(sql)).found).toEqual([]);
      expect({
        rows: await rowsOf(sql),
        leaves: await sql`select * from dpg.partitions order by leaf::text`,
      }).toEqual(before);
    });
  });

  test('a table with rows and a bound that no leaf has is not detached by what mends', async () => {
    await withPatient(async ({ sql, url }) => {
      await sql
        .unsafe(
          `create table dpg.by_hand (like dpg.items including all excluding indexes);
           alter table dpg.i_p_restoreone attach partition dpg.by_hand for values in ('one', 'two');
           insert into dpg.by_hand select (jsonb_populate_record(null::dpg.items, to_jsonb(i) || '{"item_domain": "two"}')).*
             from dpg.items i where item_network = 'restore one' limit 1`,
        )
        .simple();
      const { findings } = await examined(url);
      expect(findings).toMatchObject([
        {
          object: 'table dpg.by_hand',
          severity: 'error',
          mend: [],
          problem: expect.stringMatching(/holds rows/),
        },
      ]);
    });
  });

  test('two tables of the same keys, each with rows: which is kept is not for it to say', async () => {
    await withPatient(async ({ sql, url }) => {
      await sql
        .unsafe(
          `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
           create table dpg.visits partition of dpg.e_p_restoreone for values in ('visit');
           insert into dpg.visits select * from dpg.e_p_restoreone_visit`,
        )
        .simple();
      const { findings } = await examined(url);
      expect(findings.filter(({ check }) => check === 'partitions')).toMatchObject([
        { object: 'table dpg.visits', mend: [] },
        { object: 'table dpg.e_p_restoreone_visit', mend: [] },
      ]);
    });
  });

  test('a table with rows that was detached and renamed is told of', async () => {
    await withPatient(async ({ sql, url }) => {
      await sql
        .unsafe(
          `alter table dpg.e_p_restoreone detach partition dpg.e_p_restoreone_visit;
           alter table dpg.e_p_restoreone_visit rename to e_p_old_visits`,
        )
        .simple();
      expect((await examined(url)).findings.map(about)).toEqual([
        warning(
          'partitions',
          'table dpg.e_p_old_visits',
          /columns of dpg\.action_events and rows.*attached to nothing/,
        ),
        unread('visit'),
      ]);
    });
  });
});
