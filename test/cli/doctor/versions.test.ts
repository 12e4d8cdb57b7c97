// The doctor knows the definitions of every version that is supported: on each it finds the same faults, and mends them. Its
// other tests run on the version of the run, in continuous integration 18 and 15.

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { SHAPES } from '../../../sdk/cli/doctor/shapes.js';
import { examine } from '../../../sdk/cli/doctor.js';
import { type Embedded, PACKAGES, startEmbedded } from '../../support/embedded.js';
import { migrateToCurrent } from '../../support/migrations.js';
import { connectTo } from '../../support/server.js';
import { mend, withPatient } from './faults.js';

const ours = !process.env.TEST_DATABASE_URL && !process.env.DPG_TEST_SERVER;
if (!ours) console.log('SKIPPED: the doctor on other versions (TEST_DATABASE_URL or a container)');

test('it has the definitions of each version from npm', () => {
  const known = Object.entries(SHAPES).filter(([, shape]) => shape !== undefined);
  expect(known.map(([version]) => version)).toEqual(Object.keys(PACKAGES));
});

// in continuous integration the others have a run of their own
const others = ['16', '17'].filter((version) => version !== inject('serverVersion').split('.')[0]);

/** Planted all at once: each a definition that only a comparison with the kept one shows. */
const faults: Record<string, string> = {
  'function dpg_private.is_key(text)':
    'create or replace function dpg_private.is_key(value text) returns boolean language sql immutable parallel safe return true',
  'view dpg.instance_urls': `do $$
    begin
      execute format(
        'create or replace view dpg.instance_urls as select * from (%s) u limit 1',
        rtrim(pg_get_viewdef('dpg.instance_urls'::regclass), ';')
      );
    end
  $$`,
  'column action_status of dpg.item_actions':
    "alter table dpg.item_actions alter column action_status set default 'x'",
  'constraint items_state_check on dpg.items':
    'alter table dpg.items drop constraint items_state_check, add constraint items_state_check check (true)',
  'trigger redactions_append_only on dpg.redactions':
    'create or replace trigger redactions_append_only before update on dpg.redactions for each row when (false) execute function dpg_private.refuse_redaction_change()',
  'policy action_events_parties_only on dpg.action_events':
    'alter policy action_events_parties_only on dpg.action_events using (true)',
};

describe.skipIf(!ours).each(others)('on PostgreSQL %s', (version) => {
  let server: Embedded;

  beforeAll(async () => {
    server = await startEmbedded(version, { settings: { fsync: 'off', synchronous_commit: 'off' } });
  });
  afterAll(() => server.stop());

  test('nothing is found, then each fault, and nothing when they are mended', async () => {
    const databases = connectTo(server.adminUrl);
    await migrateToCurrent(await databases.createDatabase('migrated'));
    await withPatient(
      async ({ sql }) => {
        expect((await examine(sql)).found).toEqual([]);
        for (const fault of Object.values(faults)) await sql.unsafe(fault).simple();
        const { found } = await examine(sql);
        const of = found.filter(({ check, severity }) => check === 'shape' && severity === 'error');
        expect(of.map(({ object }) => object).sort()).toEqual(Object.keys(faults).sort());
        await mend(sql, found);
        expect((await examine(sql)).found).toEqual([]);
      },
      databases,
      'migrated',
    );
  });
});
