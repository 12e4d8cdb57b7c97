// The commands on a standby say that it is one, and what only the primary knows they do not claim.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { type Installed, installedCommand } from '../cli/command.js';
import { hasOwnServers } from '../support/replica.js';
import { caughtUp, type ServerOfTest, startServers } from './servers.js';

if (!hasOwnServers) console.log('SKIPPED: commands on a standby (no servers of our own on this machine)');
// the migrations as they are published, since doctor compares the database with those
const [primary, standby] = (hasOwnServers ? await startServers(1, 'published') : []) as [
  ServerOfTest,
  ServerOfTest,
];
let command: Installed;

beforeAll(async () => {
  command = await installedCommand();
  if (!hasOwnServers) return;
  await using dpg = createDpg(primary.url);
  await dpg.partitions.ensureItem({ item_network: 'yellow_dot', item_domain: 'student' });
  await dpg.subscriptions.create({ subscription: 'all' });
  await caughtUp(primary, standby);
});
afterAll(() => command.remove());

test.skipIf(!hasOwnServers)('doctor examines it, and says that it is one', async () => {
  const there = await command.document(primary.adminUrl, 'doctor');
  const here = await command.document(standby.adminUrl, 'doctor');
  expect(there.document.is_standby).toBe(false);
  expect(here.document.is_standby).toBe(true);
  expect(here.document.checks).toEqual(there.document.checks);
  // none says that it could not be made
  expect(here.document.findings).toEqual(there.document.findings);
  const { stderr } = await command.dpgDatabase(standby.adminUrl, 'doctor');
  expect(stderr).toBe(
    'This is a standby. Dead rows and subscriptions are examined on its primary, where what mends is run.\n',
  );
});

test.skipIf(!hasOwnServers)('status, partitions and subscriptions', async () => {
  const status = await command.document(standby.adminUrl, 'status');
  expect(status).toMatchObject({
    exitCode: 0,
    document: { is_standby: true, is_up_to_date: true, missing_objects: [], partitions: { items: 1 } },
  });
  expect((await command.dpgDatabase(standby.adminUrl, 'status')).stdout).toMatch(
    /^PostgreSQL \S+, a standby, database dots,/,
  );
  const partitions = await command.document(standby.url, 'partitions');
  expect(partitions).toMatchObject({
    exitCode: 0,
    document: { partitions: [{ leaf: 'dpg.i_p_yellowdot_student' }] },
  });
  const subscriptions = await command.document(standby.url, 'subscriptions');
  expect(subscriptions).toMatchObject({
    exitCode: 0,
    document: { subscriptions: [{ subscription: 'all' }] },
  });
});
