import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'sdk/index.ts', mirror: 'sdk/mirror/index.ts' },
  format: ['esm', 'cjs'],
  dts: true,
  clean: true,
  target: 'node20',
  sourcemap: true,
});
