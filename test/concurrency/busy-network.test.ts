import { beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { openSessions } from './sessions.js';

const WRITERS = 12;
const database = await testDatabase();
const dpg = createDpg(database.sql);

beforeAll(() => addUsers(database.sql, 'asha', 'ravi'));

// In the server, so that there is hardly a moment between two transactions of a writer.
const writing = (domain: string) => `
  do $body$
  begin
    for i in 1..50 loop
      perform dpg.upsert_item('asha', 'yellow_dot', '${domain}', 'profile_1.0', 'https://a.example.com', 'https://a.example.com/s');
      perform pg_sleep(0.005 + random() * 0.005);
      commit;
    end loop;
  end
  $body$`;

test('a network in which somebody is writing at every moment gets new partitions', async () => {
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
  const sessions = await openSessions(database, WRITERS);
  let stop = false;
  const writers = sessions.map(async (session, i) => {
    while (!stop) await session.sql.unsafe(writing(i % 2 ? 'student' : 'tutor'));
  });
  for (const n of [1, 2, 3]) {
    const of = { partition_network: 'yellow_dot', action_type: `type ${n}` };
    const at = { item_network: 'yellow_dot', item_domain: `domain ${n}` };
    expect(await dpg.partitions.ensureAction(of)).toBe(`dpg.a_p_yellowdot_type${n}`);
    expect(await dpg.partitions.ensureActionEvent(of)).toBe(`dpg.e_p_yellowdot_type${n}`);
    expect(await dpg.partitions.ensureItem(at)).toBe(`dpg.i_p_yellowdot_domain${n}`);
  }
  stop = true;
  await Promise.all(writers);
});
