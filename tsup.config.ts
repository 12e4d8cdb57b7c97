import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { transform } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { version } from './package.json';
import { psqlFile } from './sdk/migrate/psql.js';
import { shippedMigrations } from './sdk/migrate/shipped.js';

const library = {
  target: 'node20',
  entry: {
    index: 'sdk/index.ts',
    mirror: 'sdk/mirror/index.ts',
    network: 'sdk/network/index.ts',
    drizzle: 'sdk/drizzle/index.ts',
    migrate: 'sdk/migrate/index.ts',
    dev: 'sdk/dev/index.ts',
  },
};

type Plugin = NonNullable<Options['plugins']>[number];

/**
 * Makes CommonJS of ES modules that esbuild has split. tsup can do that too, but by another compiler (sucrase), which takes
 * a private name for an export of the same name: of `this.#page = load()` it made `this.#page = exports.page = load()`.
 */
const commonJs: Plugin = {
  name: 'common-js',
  async renderChunk(code, { path }) {
    if (!path.endsWith('.cjs')) return undefined;
    const url = code.includes('import.meta.url');
    const { code: converted } = await transform(code, {
      format: 'cjs',
      platform: 'node',
      target: library.target,
      sourcefile: basename(path),
      ...(url && {
        define: { 'import.meta.url': 'importMetaUrl' },
        banner: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
      }),
    });
    return { code: converted };
  },
};

/** What a compiler makes of a private name that it takes for something else. */
const REWRITTEN = /\[\s*#\w+|#\w+\s*=\s*exports\b/;

/** Ends the build where a private name was rewritten: such a file can be loaded, and fails when it is used. */
const privateNames: Plugin = {
  name: 'private-names',
  async buildEnd({ writtenFiles }) {
    for (const { name } of writtenFiles.filter((file) => /\.c?js$/.test(file.name))) {
      const [found] = REWRITTEN.exec(await readFile(name, 'utf8')) ?? [];
      if (found) throw new Error(`${name}: a private name was rewritten: ${found}`);
    }
  },
};

export default defineConfig([
  { ...library, format: 'esm', sourcemap: true, plugins: [privateNames] },
  {
    ...library,
    // as ES modules at first: so what entries share is one module here too, and an error of one is of the class that the
    // other exports
    format: 'esm',
    outExtension: () => ({ js: '.cjs' }),
    // the maps would be those of the ES modules
    sourcemap: false,
    plugins: [commonJs, privateNames],
  },
  { ...library, format: ['esm', 'cjs'], dts: { only: true } },
  // the command; an ES module, since nobody imports it
  {
    target: 'node20',
    entry: { cli: 'sdk/cli/index.ts' },
    format: 'esm',
    sourcemap: true,
    plugins: [privateNames],
    // for those who have psql and no Node.js
    async onSuccess() {
      await writeFile('dist/dpg-database.sql', psqlFile(await shippedMigrations('migrations'), version));
    },
  },
]);
