// The mirror of an instance, as a process of its own: DATABASE_URL and DPG_SECRET say whose and with what. The secret
// comes by the environment and goes nowhere.

import { createDpg } from '../../../sdk/index.js';
import { httpDeliver, mirror } from '../../../sdk/mirror/index.js';

const { DATABASE_URL = '', DPG_SECRET = '' } = process.env;
const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort());
// its parent has gone, however that went
const onOrphaned = () => process.exit(1);
process.once('disconnect', onOrphaned);

const dpg = createDpg(DATABASE_URL, { max: 3, connection: { role: 'dpg_app' } });
await mirror({
  dpg,
  deliver: httpDeliver({ secretOf: () => DPG_SECRET, timeoutMilliseconds: 2000 }),
  signal: stopped.signal,
  leaseSeconds: 2,
  batchSize: 50,
  backoff: { first: 100, most: 500 },
  idleMilliseconds: 200,
  onHappening: (happening) => {
    if (happening.what === 'unavailable')
      process.send?.({ what: 'unavailable', why: String(happening.error) });
    else if (happening.what === 'failed') process.send?.({ what: 'failed', why: String(happening.error) });
  },
});
await dpg.end({ timeout: 1 });
process.off('disconnect', onOrphaned);
process.disconnect();
