// npm run generate: writes what is generated out of the database as the working copy describes it, on servers of every version
// for what depends on that, and what the kept results of the benchmark say.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { summarise } from '../bench/summary.js';
import { PACKAGES } from '../support/embedded.js';
import { type Generated, generated, keptText, shapes } from '../support/generated.js';
import { projectFolder } from '../support/migrations.js';
import { withAdmin } from '../support/server.js';
import { startMigrated } from './development.js';

async function write(files: Generated[], version?: string): Promise<string> {
  const { server, urls } = await startMigrated(version === undefined ? {} : { version });
  try {
    await withAdmin(urls.DATABASE_URL, async (sql) => {
      for (const file of files) {
        const text = await file.text(sql);
        const isChanged = text !== (await keptText(file));
        const path = join(projectFolder, file.path);
        await mkdir(dirname(path), { recursive: true });
        if (isChanged) await writeFile(path, text);
        console.log(`${server.version}: ${file.path}${isChanged ? '' : ' (as it was)'}`);
      }
    });
    return server.version.replace(/\..*/, '');
  } finally {
    await server.stop();
  }
}

async function writeAll(): Promise<void> {
  const version = await write(generated);
  // what equals a later version is kept there: the latest first
  if (!process.env.TEST_DATABASE_URL)
    for (const other of Object.keys(PACKAGES).reverse()) if (other !== version) await write([shapes], other);
  await summarise();
}

await writeAll().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
process.exit(0);
