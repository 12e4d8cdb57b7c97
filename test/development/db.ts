// npm run db: a server that stays up, migrated.

import { parseArgs } from 'node:util';
import { untilTold } from '../../sdk/cli/dev/until-told.js';
import { describe, startMigrated } from './development.js';

const USAGE = `Usage: npm run db -- [--keep] [--pg15] [--port <port>] [--directory <folder>]
  --keep                keep the data for the next time, in .database/<version>, and write as a production server does
  --pg15                PostgreSQL 15 instead of 18
  --port <port>         listen there; on a free port unless told
  --directory <folder>  keep the data there: with --keep`;

const values = options();
const told = untilTold();
const development = await startMigrated({
  keep: values.keep,
  durable: values.keep,
  ...(values.pg15 && { version: '15' }),
  ...(values.port && { port: Number(values.port) }),
  ...(values.directory && { directory: values.directory }),
}).catch((error: Error) => end(error.message));
console.log(describe(development));
console.log(`Ctrl-C stops it${values.keep ? '; its files stay for the next time' : ' and removes it'}.`);
await told;
await development.server.stop();
console.log(values.keep ? 'Stopped; the files are kept.' : 'Stopped and removed.');
process.exit(0);

function options() {
  try {
    const { values } = parseArgs({
      options: {
        keep: { type: 'boolean', default: false },
        pg15: { type: 'boolean', default: false },
        port: { type: 'string' },
        directory: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (values.port !== undefined && !isPort(values.port))
      return end(`--port is a number from 1 to 65535, not '${values.port}'.\n${USAGE}`);
    if (values.directory !== undefined && !values.keep)
      return end(`--directory says where to keep the data: give --keep besides.\n${USAGE}`);
    return values;
  } catch (error) {
    // the rest of Node's message is about arguments that begin with a dash
    return end(`${(error as Error).message.split('. To specify')[0]}.\n${USAGE}`);
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function end(why: string): never {
  console.error(why);
  process.exit(1);
}
