// The files of this repository that are written out of the migrated database: `npm run generate` writes them, a test
// compares them.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type postgres from 'postgres';
import { functionsFile } from './function-types.js';
import { projectFolder } from './migrations.js';
import { referencePage } from './reference/page.js';
import { rowTypesFile } from './row-types.js';
import { shapesFile } from './shapes.js';

export interface Generated {
  /** Where it is, from the project's folder. */
  path: string;
  text(sql: postgres.Sql): Promise<string>;
}

/** The one that depends on the server's version. */
export const shapes: Generated = {
  path: 'sdk/cli/doctor/shapes.json',
  text: async (sql) => shapesFile(sql, await keptText(shapes)),
};

export const generated: Generated[] = [
  { path: 'docs/reference.md', text: referencePage },
  { path: 'sdk/rows.ts', text: rowTypesFile },
  { path: 'sdk/functions.ts', text: functionsFile },
  // of each major version, on a server of that
  shapes,
];

/** The text as it is kept; empty when it never was. */
export function keptText({ path }: Generated): Promise<string> {
  return readFile(join(projectFolder, path), 'utf8').catch(() => '');
}
