// npm run db [-- --keep] [--pg15] [--port 5432] [--directory …]

import { parseArgs } from 'node:util';
import { describe, startMigrated, untilTold } from './development.js';

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    pg15: { type: 'boolean', default: false },
    port: { type: 'string' },
    directory: { type: 'string' },
  },
});

const told = untilTold();
const development = await startMigrated({
  keep: values.keep,
  durable: values.keep,
  ...(values.pg15 && { version: '15' }),
  ...(values.port && { port: Number(values.port) }),
  ...(values.directory && { directory: values.directory }),
});
console.log(describe(development));
console.log(`Ctrl-C stops it${values.keep ? '; its files stay for the next time' : ' and removes it'}.`);
await told;
await development.server.stop();
console.log(values.keep ? 'Stopped; the files are kept.' : 'Stopped and removed.');
process.exit(0);
