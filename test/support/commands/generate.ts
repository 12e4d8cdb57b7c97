// npm run generate: writes what is generated out of the database as the working copy describes it, and what the kept
// results of the benchmark say.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { summarise } from '../../bench/summary.js';
import { generated, keptText } from '../generated.js';
import { projectFolder } from '../migrations.js';
import { withAdmin } from '../server.js';
import { startMigrated } from './development.js';

const { server, urls } = await startMigrated();
try {
  await withAdmin(urls.DATABASE_URL, async (sql) => {
    for (const file of generated) {
      const text = await file.text(sql);
      const isChanged = text !== (await keptText(file));
      const path = join(projectFolder, file.path);
      await mkdir(dirname(path), { recursive: true });
      if (isChanged) await writeFile(path, text);
      console.log(`${file.path}${isChanged ? '' : ' (as it was)'}`);
    }
  });
} finally {
  await server.stop();
}
await summarise();
process.exit(0);
