// Indexes, triggers and foreign keys that a table has lost, or that do not hold.

import { describe, expect, inject, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { error, examined, faults, mend, warning, withPatient } from './faults.js';

describe('indexes', () => {
  faults({
    'a network and its leaves lack an index of the root': {
      plant: `drop index dpg.items_state_idx;
        create index items_state_idx on only dpg.items using gin (item_state jsonb_path_ops)`,
      found: ['i_p__99fdfc4e', 'i_p_ncodequotednet', 'i_p_restoreone', 'i_p_restoreone_939020b4'].map(
        (name) => warning('indexes', `table dpg.${name}`, /lacks the index .* dpg.items_state_idx/),
      ),
    },
    'one leaf lacks an index': {
      // an index of a partition cannot be dropped
      plant: `delete from pg_inherits where inhrelid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass;
        delete from pg_depend where objid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass and deptype in ('P', 'S');
        update pg_class set relispartition = false where oid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass;
        drop index dpg.i_p_restoreone_student_item_state_idx`,
      found: [warning('indexes', 'table dpg.i_p_restoreone_student', /lacks the index/)],
    },
    'the index of one leaf is no longer its parent’s': {
      plant: `delete from pg_inherits where inhrelid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass;
        update pg_class set relispartition = false where oid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass`,
      found: [warning('indexes', 'table dpg.i_p_restoreone_student', /lacks the index/)],
    },
    'an index was begun with concurrently and not ended': {
      plant: ({ sql }) =>
        expect(
          sql`create unique index concurrently by_hand on dpg.a_p_restoreone_visit (partition_network)`,
        ).rejects.toMatchObject({ code: '23505' }),
      found: [error('indexes', 'index dpg.by_hand', /begun with concurrently/)],
    },
    'the index of a leaf is not valid': {
      plant: `update pg_index set indisvalid = false where indexrelid = 'dpg.i_p_restoreone_student_item_state_idx'::regclass`,
      found: [error('indexes', 'index dpg.i_p_restoreone_student_item_state_idx', /not valid/)],
    },
    'the index of a root is not valid': {
      plant: `update pg_index set indisvalid = false where indexrelid = 'dpg.items_state_idx'::regclass`,
      found: [
        warning('indexes', 'index dpg.items_state_idx', /not valid, though each partition has its own/),
      ],
    },
  });
});

describe('triggers', () => {
  faults({
    'a leaf has lost the clone of a trigger': {
      // a clone cannot be dropped
      plant: `delete from pg_depend where objid in
          (select oid from pg_trigger where tgrelid = 'dpg.e_p_restoreone_visit'::regclass and tgparentid <> 0);
        delete from pg_trigger where tgrelid = 'dpg.e_p_restoreone_visit'::regclass and tgname = 'action_events_immutable'`,
      found: [
        error('triggers', 'table dpg.e_p_restoreone_visit', /lacks the trigger action_events_immutable/),
      ],
    },
    'a trigger that keeps other tables is disabled': {
      plant: 'alter table dpg.item_actions disable trigger item_actions_note_parties',
      found: [error('triggers', 'table dpg.item_actions', /item_actions_note_parties is disabled/)],
    },
    'the triggers of a foreign key are disabled': {
      plant: `alter table dpg.i_p_restoreone_student disable trigger all`,
      found: [
        /items_note_owner is disabled/,
        /foreign key from dpg\.a_p_restoreone to dpg\.i_p_restoreone_student are disabled/,
        /foreign key from dpg\.i_p_restoreone_student to public\."user" are disabled/,
      ].map((problem) => error('triggers', 'table dpg.i_p_restoreone_student', problem)),
    },
  });
});

describe('foreign keys', () => {
  faults({
    'a network’s actions refer to its items no longer': {
      plant: `alter table dpg.a_p_restoreone drop constraint item_actions_source_item_fkey, drop constraint item_actions_target_item_fkey`,
      found: ['source', 'target'].map((side) =>
        error(
          'foreign keys',
          'table dpg.a_p_restoreone',
          new RegExp(`lacks the foreign key item_actions_${side}_item_fkey to dpg.i_p_restoreone`),
        ),
      ),
    },
    'a network’s items were dropped': {
      plant: `select dpg.ensure_action_partition('red_dot', 'connect'); drop table dpg.i_p_reddot cascade`,
      found: [error('foreign keys', 'table dpg.a_p_reddot', /items of its network have no table/)],
    },
    'a leaf has lost its foreign key': {
      // a clone cannot be dropped
      plant: `create temp table lost as select oid from pg_constraint
          where conrelid = 'dpg.i_p_restoreone_tutor'::regclass and contype = 'f';
        delete from pg_depend where refobjid in (select oid from lost) or objid in (select oid from lost);
        delete from pg_trigger where tgconstraint in (select oid from lost);
        delete from pg_constraint where oid in (select oid from lost)`,
      found: [
        error(
          'foreign keys',
          'table dpg.i_p_restoreone_tutor',
          /lacks the foreign key items_created_by_fkey of its parent/,
        ),
      ],
    },
    'one is not valid': {
      plant: `alter table dpg.failed_events drop constraint failed_events_subscription_fkey;
        alter table dpg.failed_events add constraint failed_events_subscription_fkey
          foreign key (subscription) references dpg.subscriptions not valid`,
      found: [
        error('foreign keys', 'table dpg.failed_events', /failed_events_subscription_fkey is not enforced/),
      ],
    },
  });
});

test.runIf(Number.parseInt(inject('serverVersion'), 10) >= 18)(
  'a foreign key that is not enforced is enforced again',
  async () => {
    await withPatient(async ({ sql, url }) => {
      await sql`alter table dpg.items alter constraint items_created_by_fkey not enforced`;
      const { findings } = await examined(url);
      expect(findings.filter(({ check }) => check !== 'triggers')).toMatchObject([
        {
          object: 'table dpg.items',
          problem: 'Its foreign key items_created_by_fkey is not enforced.',
          mend: ['alter table dpg.items alter constraint items_created_by_fkey enforced;'],
        },
      ]);
      await mend(sql, findings);
      expect((await examine(sql)).found).toEqual([]);
    });
  },
);
