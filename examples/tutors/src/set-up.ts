// What a deployment does before the application starts, as the owner of the database. All of it can be repeated.

import type { BetterAuthOptions } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { createDpg } from 'dpg-database';
import { migrate } from 'dpg-database/migrate';
import { Pool } from 'pg';
import { domains, key, network, TRANSITIONS } from './network.js';

export const authOptions = { emailAndPassword: { enabled: true } } satisfies BetterAuthOptions;

export async function setUp(url: string): Promise<void> {
  await migrate(url);
  const database = new Pool({ connectionString: url });
  await (await getMigrations({ ...authOptions, database })).runMigrations();
  await database.end();

  const dpg = createDpg(url);
  await dpg.sql`grant select, insert, update, delete on "user", session, account, verification to dpg_app`;
  await dpg.networks.register(network);
  await dpg.actions.define({
    ...{ partition_network: 'yellow_dot', action_type: 'connect' },
    transitions: TRANSITIONS.map(({ from, to, by }) => ({ from, to, by })),
    rules: { max_open_per_pair: 1, different_owners: true },
  });
  for (const item_domain of domains) {
    await dpg.partitions.ensureItem({ item_network: 'yellow_dot', item_domain }); // so that no request waits for the first row
    await dpg.items.defineSearch({ ...key, item_domain, fields: ['name', 'about'] });
  }
  await dpg.end();
}
