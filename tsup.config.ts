import { defineConfig } from 'tsup';

const library = {
  target: 'node20',
  entry: {
    index: 'sdk/index.ts',
    mirror: 'sdk/mirror/index.ts',
    network: 'sdk/network/index.ts',
    drizzle: 'sdk/drizzle/index.ts',
    migrate: 'sdk/migrate/index.ts',
  },
};

export default defineConfig([
  { ...library, format: 'esm', sourcemap: true },
  {
    ...library,
    format: 'cjs',
    // what entries share is one module here too: an error of one is of the class that the other exports
    splitting: true,
    shims: true, // import.meta.url
    // the maps of split CommonJS would carry the paths of whoever built it
    sourcemap: false,
  },
  { ...library, format: ['esm', 'cjs'], dts: { only: true } },
  // the command; an ES module, since nobody imports it
  { target: 'node20', entry: { cli: 'sdk/cli/index.ts' }, format: 'esm', sourcemap: true },
]);
