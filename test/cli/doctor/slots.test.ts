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
