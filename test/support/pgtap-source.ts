// What the pgTAP files need besides the migrations. pgTAP without a package of the operating system: its SQL comes inside
// an npm package, and works in a schema like any other functions. And what the files share, pgtap.sql.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { withAdmin } from './server.js';

const FILE = 'share/postgresql/extension/pgtap--1.3.5.sql';

const HELPERS = fileURLToPath(new URL('pgtap.sql', import.meta.url));

/** pgTAP alone. */
export async function loadPgtap(url: string): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite-pgtap');
  const archive = gunzipSync(await readFile(join(dirname(entry), 'pgtap.tar.gz')));
  const source = fileInTar(archive, FILE);
  await withAdmin(url, (sql) =>
    // The tests of other roles need it too.
    sql
      .unsafe(`create schema tap; grant usage on schema tap to public; set search_path = tap;\n${source}`)
      .simple(),
  );
}

export async function loadHelpers(url: string): Promise<void> {
  const helpers = await readFile(HELPERS, 'utf8');
  await withAdmin(url, (sql) => sql.unsafe(helpers).simple());
}

/** A tar archive is a row of 512-byte headers (name at 0, size in octal at 124), each before its file, padded to 512. */
function fileInTar(archive: Buffer, name: string): string {
  for (let at = 0; at + 512 <= archive.length; ) {
    const field = (from: number, length: number) =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 12), 8) || 0;
    if (field(0, 100) === name) return archive.toString('utf8', at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`${name} is not in the archive.`);
}
