import { fileURLToPath } from 'node:url';
import { defineConfig } from '../node_modules/vitest/dist/config.js';

export default defineConfig({
  resolve: {
    alias: { 'engine:code': fileURLToPath(new URL('../test/engine_code.ts', import.meta.url)) },
  },
  test: { include: ['test/**/*.test.ts'] },
});
