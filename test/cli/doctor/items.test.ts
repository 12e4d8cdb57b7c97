// What is kept beside the items for statuses and for their owners: planted, reported, mended by the statement that the report names, and gone.

import { describe } from 'vitest';
import { error, faults, warning } from './faults.js';

describe('items', () => {
  faults({
    'a network with statuses of items is not noted': {
      plant: `insert into dpg.item_definitions (item_network, item_domain, initial_status, statuses)
        values ('restore one', 'student', 'live', '[{"status": "draft", "found": false}]')`,
      found: [error('statuses', 'function dpg_private.defined_networks()', /'restore one'/)],
    },
    'an owner is not noted': {
      plant: `delete from dpg_private.owner_leaves where item_network = 'restore one'`,
      found: [
        error('own items', 'partition dpg.i_p_restoreone_student', /items_note_owner/),
        error('own items', 'partition dpg.i_p_restoreone_tutor', /items_note_owner/),
      ],
    },
    'a definition of search was not refreshed': {
      plant: `update dpg.item_searches set is_refreshed = false where item_network = 'restore one'`,
      found: [warning('searches', 'partition dpg.i_p_restoreone_tutor', /one by one/)],
    },
  });
});
