import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';
import { EndOfRun } from './test/support/end-of-run.js';
import { beAsEverywhere } from './test/support/environment.js';

beAsEverywhere();

/** Makes each pgTAP file a test file, so that vitest finds, filters and watches it like the others. */
function pgtapFiles(): Plugin {
  const folder = fileURLToPath(new URL('test/pgtap/', import.meta.url));
  const runner = fileURLToPath(new URL('test/support/pgtap.ts', import.meta.url));
  return {
    name: 'pgtap-files',
    enforce: 'pre',
    transform(_text, id) {
      const [file = ''] = id.split('?');
      if (!file.startsWith(folder) || !file.endsWith('.sql')) return undefined;
      return `
        import { test } from 'vitest';
        import { pgtapFailure } from ${JSON.stringify(runner)};
        test(${JSON.stringify(relative(folder, file))}, async () => {
          const failure = await pgtapFailure(${JSON.stringify(file)});
          if (failure !== undefined) throw Object.assign(new Error(failure), { stack: failure });
        });`;
    },
  };
}

/** These change what belongs to the process (its environment, fetch, its listeners), or measure it (its memory). */
const OWN_PROCESS = ['better-auth', 'crashes', 'mirror', 'support'].map(
  (name) => `test/${name}/**/*.test.ts`,
);

/**
 * What is the same for every version of PostgreSQL: the package, the site, the example, links. `npm test` runs them; once is
 * enough, so the scripts for other versions (test:pg15, …) set DPG_TESTS=server and leave them out.
 */
const NOT_OF_THE_SERVER = [
  'bench',
  'cli/dev.test.ts',
  'development',
  'docs/{generated,links,mistakes,readme,references,site}.test.ts',
  'examples',
  'lint',
  'package',
  'simulation',
].map((name) => (name.endsWith('.ts') ? `test/${name}` : `test/${name}/**/*.test.ts`));
const leftOut = process.env.DPG_TESTS === 'server' ? NOT_OF_THE_SERVER : [];

const common = { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    reporters: ['default', new EndOfRun()],
    // One more than there are processors: many tests wait, for a lock, a lease, a process.
    maxWorkers: availableParallelism() + 1,
    projects: [
      // A process for each file loads the same modules again, a fifth of a second each: files share their processes.
      {
        test: {
          ...common,
          name: 'typescript',
          include: ['test/**/*.test.ts'],
          exclude: [...OWN_PROCESS, ...leftOut],
          isolate: false,
        },
      },
      { test: { ...common, name: 'typescript, own process', include: OWN_PROCESS } },
      {
        plugins: [pgtapFiles()],
        // A process for each of so many small files would take longer than what they test.
        test: { ...common, name: 'pgtap', include: ['test/pgtap/**/*.sql'], isolate: false },
      },
    ],
  },
});
