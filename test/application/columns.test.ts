// Every function on tables to which an application has added columns: the pgTAP files whose calls read or write rows of
// these tables, on one database with a nullable column and one with a default on each of the three. A soak takes all files.

import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { failureOfFile } from '../support/pgtap.js';
import { isSoak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';

const pgtapFolder = join(projectFolder, 'test/pgtap');

/** In whose files rows are read and written; of the others what they check comes before any row. */
const SUBJECTS = /^(actions|application|events|feed|geo|items|redactions)\/|^[^/]*$/;
/** What refuses a call looks at its arguments; and a file about distances alone. */
const WITHOUT_ROWS = /_refusals\.sql$|_order_of_checks\.sql$|^geo\/earthdistance\.sql$/;

/** They are about the columns of the tables themselves, add some, or insert rows or pass them to calls with all columns. */
const ABOUT_COLUMNS = [
  'access/comments.sql',
  'access/functions.sql',
  'access/row_level_security.sql',
  'access/tables.sql',
  'application/columns.sql',
  'application/columns_are_named.sql',
  'application/move_items.sql',
  'feed/columns_of_an_application.sql',
  'items/items_constraints.sql',
  'items/items_extreme_values.sql',
  'items/upsert_items.sql',
];

/** What compares with a whole row of the table, which has the application's columns as well. */
const WHOLE_ROWS: Record<string, string[]> = {
  'actions/find_actions.sql': ['24 - the columns are those of the table'],
  'events/find_events.sql': ['21 - the columns are those of the table'],
  'geo/nearest_items.sql': ['12 - a row has the columns of the item'],
  'items/delete_item.sql': ['18 - the key is free again, for anybody'],
  'items/upsert_item.sql': [
    '2 - the row is returned as given, the actor its owner',
    '11 - the least that an item needs: no state, no place, an id of its own',
  ],
  'items/upsert_item_replace.sql': ['3 - a replacement is full: what is left out is gone, coordinates too'],
};

const database = await testDatabase({ from: 'pgtap' });
for (const table of ['items', 'item_actions', 'action_events']) {
  await database.sql.unsafe(
    `alter table dpg.${table} add column note text, add column score numeric not null default 1`,
  );
}

const files = (await readdir(pgtapFolder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
  .map((entry) => relative(pgtapFolder, join(entry.parentPath, entry.name)))
  .filter((file) => isSoak || (SUBJECTS.test(file) && !WITHOUT_ROWS.test(file)))
  .filter((file) => !ABOUT_COLUMNS.includes(file))
  .sort();

// Each file rolls back what it has done, so that they need no database each.
test.each(files)('%s', async (file) => {
  const failure = (await failureOfFile(database, join(pgtapFolder, file))) ?? '';
  const failed = [...failure.matchAll(/^(?:not ok |(?=Bail out!))(.+)$/gm)].map(([, name]) => name);
  expect(failed, failure).toEqual(WHOLE_ROWS[file] ?? []);
});
