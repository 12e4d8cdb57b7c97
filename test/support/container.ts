// A PostgreSQL server in a container, by testcontainers.

import { serverVersion, withAdmin } from './server.js';

export interface Container {
  adminUrl: string;
  version: string;
  stop(): Promise<void>;
}

export async function startContainer(version: string, settings: Record<string, string>): Promise<Container> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new PostgreSqlContainer(`postgres:${version}`)
    .withCommand(['postgres', ...flags])
    .start()
    .catch((error: Error) => {
      throw new Error(
        `DPG_TEST_SERVER=docker: no container could be started (${error.message}). ` +
          'Start a Docker engine, or unset DPG_TEST_SERVER to use the embedded server.',
        { cause: error },
      );
    });
  const adminUrl = container.getConnectionUri();
  return {
    adminUrl,
    version: await withAdmin(adminUrl, serverVersion),
    stop: async () => {
      await container.stop();
    },
  };
}
