import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The build makes one function of the layout engine; here it is just imported.
    alias: { 'engine:code': fileURLToPath(new URL('test/engine_code.ts', import.meta.url)) },
  },
  test: { include: ['test/**/*.test.ts'] },
});
