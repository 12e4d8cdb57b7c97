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
    'a network with rules is not noted': {
      plant: `insert into dpg.network_rules (network, rules) values ('restore two', '{"max_open_per_pair": 1}')`,
      found: [error('rules', 'function dpg_private.ruled_networks()', /'restore two'/)],
    },
    'final statuses were changed by hand': {
      plant: `insert into dpg.action_definitions (partition_network, action_type, initial_status, transitions, final_statuses)
        values ('restore two', 'poke', 'created', '[{"from": "created", "to": "done", "by": "either"}]', '{created}')`,
      found: [error('rules', 'table dpg.action_definitions', /'restore two'\/'poke'/)],
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
