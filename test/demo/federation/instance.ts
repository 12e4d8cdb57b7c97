// One instance: a database of its own, and a server on loopback that other instances speak to.

import { createServer, type Server as HttpServer } from 'node:http';
import { createDpg, type Dpg } from '../../../sdk/index.js';
import { handler, nodeListener, type Secret } from '../../../sdk/mirror/index.js';
import { migrateToCurrent } from '../../support/migrations.js';
import { type Databases, withAdmin } from '../../support/server.js';

export interface Instance {
  name: string;
  /** Of the instance, as its items and events have it. */
  url: string;
  databaseUrl: string;
  /** With the rights of an application. */
  dpg: Dpg;
  /** Messages that its handler has answered with 200. */
  readonly taken: number;
  /** Its server goes away, or comes back at the same port. */
  down(): Promise<void>;
  up(): Promise<void>;
  end(): Promise<void>;
}

export interface InstanceOptions {
  name: string;
  database: string;
  users: string[];
  secretOf: (peer: string) => Secret | undefined;
  /** How long it thinks about each message, so that there is time to kill somebody. */
  slowness?: number;
}

export async function startInstance(server: Databases, options: InstanceOptions): Promise<Instance> {
  const databaseUrl = await server.createDatabase(options.database);
  await migrateToCurrent(databaseUrl);
  await withAdmin(databaseUrl, async (sql) => {
    for (const id of options.users)
      await sql`insert into public."user" (id, name, email) values (${id}, ${id}, ${`${id}@example.org`})`;
  });
  const dpg = createDpg(databaseUrl, { max: 5, connection: { role: 'dpg_app' } });
  const handle = handler({ dpg, secretOf: options.secretOf });
  let taken = 0;
  const listener = nodeListener(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, options.slowness ?? 0));
    const response = await handle(request);
    if (response.status === 200) taken += 1;
    return response;
  });

  let http: HttpServer | undefined;
  let port = 0;
  const up = async () => {
    const listening = createServer(listener);
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    const address = listening.address();
    if (typeof address === 'object' && address) port = address.port;
    http = listening;
  };
  const down = async () => {
    const listening = http;
    http = undefined;
    listening?.closeAllConnections();
    await new Promise<void>((resolve) => (listening ? listening.close(() => resolve()) : resolve()));
  };
  await up();
  return {
    name: options.name,
    url: `http://127.0.0.1:${port}`,
    databaseUrl,
    dpg,
    get taken() {
      return taken;
    },
    up,
    down,
    async end() {
      await down();
      await dpg.end({ timeout: 1 });
    },
  };
}
