// npm run db:watch: graphile-migrate watch against DATABASE_URL, or a server of its own where that is not set.

import { watch } from 'graphile-migrate';
import { migrationsFolder } from '../migrations.js';
import { describe, startDevelopment, untilTold } from './development.js';

const told = untilTold();
const development = process.env.DATABASE_URL ? undefined : await startDevelopment();
if (development) console.log(describe(development));
await watch({
  connectionString: process.env.DATABASE_URL ?? development?.urls.DATABASE_URL ?? '',
  migrationsFolder,
});
await told;
await development?.server.stop();
process.exit(0);
