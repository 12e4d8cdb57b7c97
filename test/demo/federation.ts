// npm run demo:federation: two instances that mirror each other, through everything that usually goes wrong between
// two servers. It checks what it shows, and leaves nothing behind however it ends.

import { randomBytes } from 'node:crypto';
import { startServer } from '../support/server.js';
import { type Instance, startInstance } from './federation/instance.js';
import { killMirrors } from './federation/mirror.js';
import { tellFederation } from './federation/story.js';
import { bold, dim, done, heading, say, seconds, timed } from './output.js';

const start = performance.now();
const run = randomBytes(4).toString('hex');
// shared by the two instances; in the memory of their processes and nowhere else
const secret = randomBytes(32).toString('hex');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // the server's keeper and the mirror's parent watch see that we are gone
  process.once(signal, () => process.exit(1));
}

heading('1 · Two instances');
const { result: server, milliseconds } = await timed(() => startServer());
done(`PostgreSQL ${server.version} (${server.kind}) up in ${seconds(milliseconds)}`);
const instances: Instance[] = [];
try {
  const { result, milliseconds } = await timed(async () => [
    await startInstance(server, {
      name: 'A',
      database: `dpg_demo_a_${run}`,
      users: ['asha'],
      secretOf: (peer) => (peer === instances[1]?.url ? secret : undefined),
      slowness: 5,
    }),
    await startInstance(server, {
      name: 'B',
      database: `dpg_demo_b_${run}`,
      users: ['ravi'],
      secretOf: (peer) => (peer === instances[0]?.url ? secret : undefined),
    }),
  ]);
  instances.push(...result);
  const [a, b] = instances as [Instance, Instance];
  done(
    `Two databases migrated, two servers on loopback, in ${seconds(milliseconds)} ${dim(`· A ${a.url} · B ${b.url}`)}`,
  );
  await tellFederation(a, b, secret);
} finally {
  await killMirrors();
  for (const instance of instances) await instance.end();
  await server.stop();
}
say(
  `\n${bold(`Done in ${seconds(performance.now() - start)}.`)} The server is stopped and its files are removed.`,
);
