// A registered network whose document declares all that is moved is in nobody's way.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { testDatabase } from '../support/test-database.js';
import { oldStory } from './story.js';

const { sql } = await testDatabase();

test('rows of declared types and interactions are moved', async () => {
  await oldStory(sql);
  await sql`
    select dpg.register_network('{
      "name": "yellow_dot",
      "domains": [
        {"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}},
        {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}}}
      ],
      "actions": {"connect": {"interactions": [{"from_domain": "student", "to_domain": "tutor"}]}}
    }')`;
  await sql`
    select dpg.register_network('{"name": "other", "domains": [{"name": "tutor", "item_schemas": {}}], "actions": {}}')`;
  expect(await adopt(sql, { execute: true })).toMatchObject({ outcome: 'adopted', obstacles: [] });
});
