import { defineConfig } from 'tsup';

const common = { target: 'node20', sourcemap: true } as const;

export default defineConfig([
  {
    ...common,
    entry: {
      index: 'sdk/index.ts',
      mirror: 'sdk/mirror/index.ts',
      network: 'sdk/network/index.ts',
      drizzle: 'sdk/drizzle/index.ts',
      migrate: 'sdk/migrate/index.ts',
    },
    format: ['esm', 'cjs'],
    shims: true, // import.meta.url in CommonJS
    dts: true,
  },
  // the command; an ES module, since nobody imports it
  { ...common, entry: { cli: 'sdk/cli/index.ts' }, format: ['esm'] },
]);
