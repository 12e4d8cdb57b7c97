// What belongs to a leaf whose plans are kept: planted, reported, mended by the statement that the report names, and gone.

import { describe } from 'vitest';
import { error, faults } from './faults.js';

describe('slots', () => {
  faults({
    'a function of a slot is missing': {
      plant: 'drop function dpg_private.item_rows(dpg_private.slot_1, text[])',
      found: [error('slots', 'partition dpg.i_p_restoreone_student', /item_rows/)],
    },
    'a function of a slot was changed': {
      plant: `create or replace function dpg_private.item_rows(slot dpg_private.slot_1, domains text[]) returns setof dpg.items language sql stable
        as 'select * from dpg.items'`,
      found: [error('slots', 'partition dpg.i_p_restoreone_student', /item_rows/)],
    },
    'a function of all slots is missing': {
      plant: 'drop function dpg_private.item_in_slot(smallint, dpg.item_ref)',
      found: [error('slots', 'partition dpg.i_p_restoreone_student', /item_in_slot/)],
    },
    'a function of all slots does not know a leaf': {
      plant: `create or replace function dpg_private.item_in_slot(slot smallint, item dpg.item_ref) returns dpg.items language plpgsql
        as 'begin return null; end'`,
      found: [error('slots', 'partition dpg.i_p_restoreone_student', /item_in_slot/)],
    },
    'the keys of the slots lack a leaf': {
      plant: `do $$ begin
        execute replace(pg_get_functiondef('dpg_private.slot_keys(text)'::regprocedure), '11 restore onestudent', 'nothing');
      end $$`,
      found: [error('slots', 'partition dpg.i_p_restoreone_student', /slot_keys/)],
    },
    'a function of the slot of a network is missing': {
      plant: 'drop function dpg_private.item_rows(dpg_private.slot_33, text[])',
      found: [error('slots', 'partition dpg.i_p_restoreone', /item_rows/)],
    },
    'the function for some of its domains was changed': {
      plant: `create or replace function dpg_private.item_rows(slot dpg_private.slot_49, domains text[]) returns setof dpg.items
        language sql stable as 'select * from dpg.items'`,
      found: [error('slots', 'partition dpg.i_p_restoreone', /item_rows/)],
    },
  });
});
