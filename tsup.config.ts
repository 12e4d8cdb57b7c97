import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['sdk/index.ts'],
  format: ['esm', 'cjs'],
  dts: true,
  clean: true,
  target: 'node20',
  sourcemap: true,
});
