// Privileges that are missing or too many, and what belongs to somebody else.

import { describe } from 'vitest';
import { error, faults, notice, warning } from './faults.js';

describe('grants and owners', () => {
  faults({
    'a function may not be called': {
      plant: `revoke execute on function dpg.get_item from dpg_app, dpg_readonly`,
      found: ['dpg_app', 'dpg_readonly'].map((role) =>
        error(
          'grants',
          'function dpg.get_item(text,text,text,uuid)',
          new RegExp(`^${role} lacks the privilege execute`),
        ),
      ),
    },
    'a schema, a table, a column and a type may not be used': {
      plant: `revoke usage on schema dpg from dpg_app;
        revoke select on dpg.items from dpg_readonly;
        revoke update (limit_value) on dpg.limits from dpg_admin;
        revoke usage on type dpg.item_ref from dpg_app`,
      found: [
        error('grants', 'schema dpg', /^dpg_app lacks the privilege usage/),
        error('grants', 'table dpg.items', /^dpg_readonly lacks the privilege select/),
        error('grants', 'table dpg.limits', /^dpg_admin lacks the privilege update \(limit_value\)/),
        error('grants', 'type dpg.item_ref', /^dpg_app lacks the privilege usage/),
      ],
    },
    'everybody may call what is private': {
      plant: 'grant execute on function dpg_private.find_leaf to public',
      found: [
        error(
          'grants',
          'function dpg_private.find_leaf(text,text,text)',
          /^public may call the function, which the migration has not granted/,
        ),
      ],
    },
    'an application may redact': {
      plant: 'grant execute on function dpg.erase_user to dpg_app',
      found: [error('grants', 'function dpg.erase_user(text,text,text)', /^dpg_app may call the function/)],
    },
    'an application may write without the functions': {
      plant: 'grant insert, update on dpg.items to dpg_app',
      found: [warning('grants', 'table dpg.items', /^dpg_app may insert, update without the functions/)],
    },
    'a leaf may be read past the policies of its root': {
      plant: 'grant select on dpg.e_p_restoreone_visit to dpg_app',
      found: [
        warning(
          'grants',
          'table dpg.e_p_restoreone_visit',
          /^dpg_app has privileges on what is a partition by itself \(select\)/,
        ),
      ],
    },
    'all may be read by a role of your own, the partitions past their policies': {
      async plant({ sql }) {
        await sql
          .unsafe(`grant select on all tables in schema dpg to pg_monitor;
          grant execute on function dpg.redact_event to pg_monitor`)
          .simple();
      },
      found: [
        error(
          'grants',
          'function dpg.redact_event(text,text,text,uuid,text)',
          /^pg_monitor may call the function/,
        ),
        notice(
          'grants',
          '30 partitions',
          /^pg_monitor has privileges on what is a partition by itself \(select\)/,
        ),
        notice('grants', '19 tables', /^pg_monitor has privileges .* not granted \(select\)/),
      ],
    },
    'a leaf and a function belong to somebody else': {
      plant: `alter table dpg.i_p_restoreone_student owner to dpg_admin; alter function dpg.get_item owner to dpg_admin;
        grant execute on function dpg.get_item to dpg_app, dpg_admin, dpg_readonly`,
      found: [
        error('owners', 'table dpg.i_p_restoreone_student', /belongs to dpg_admin/),
        error('owners', 'function dpg.get_item(text,text,text,uuid)', /belongs to dpg_admin/),
      ],
    },
  });
});
