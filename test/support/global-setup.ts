// Before the first test: one server, and on it the databases that tests copy. After the last: gone.

import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { migrateToCurrent } from './migrations.js';
import { loadPgtap } from './pgtap-source.js';
import { startServer } from './server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's superuser, in its maintenance database. */
    adminUrl: string;
    serverVersion: string;
    /** A migrated database, and one with pgTAP in the schema tap besides. */
    template: string;
    pgtapTemplate: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = performance.now();
  const server = await startServer();
  try {
    const suffix = randomBytes(4).toString('hex');
    const template = `dpg_template_${suffix}`;
    const pgtapTemplate = `dpg_template_tap_${suffix}`;
    await migrateToCurrent(await server.createDatabase(template));
    await loadPgtap(await server.createDatabase(pgtapTemplate, { template }));
    project.provide('adminUrl', server.adminUrl);
    project.provide('serverVersion', server.version);
    project.provide('template', template);
    project.provide('pgtapTemplate', pgtapTemplate);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`PostgreSQL ${server.version} (${server.kind}), migrated in ${seconds} s`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return () => server.stop();
}
