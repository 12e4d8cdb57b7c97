// The files of this repository that are written out of the migrated database: `npm run generate` writes them, a test
// compares them.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type postgres from 'postgres';
import { projectFolder } from './migrations.js';
import { referencePage } from './reference/page.js';

export interface Generated {
  /** Where it is, from the project's folder. */
  path: string;
  text(sql: postgres.Sql): Promise<string>;
}

export const generated: Generated[] = [{ path: 'docs/reference.md', text: referencePage }];

/** The text as it is kept; empty when it never was. */
export function keptText({ path }: Generated): Promise<string> {
  return readFile(join(projectFolder, path), 'utf8').catch(() => '');
}
