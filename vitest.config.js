import { defineConfig } from 'vitest/config';

// Tests import the TypeScript sources; only worker threads run from dist, which `npm test` builds first.
const conditions = ['@touchstone/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'recipes/**/*.test.ts'],
    setupFiles: ['scripts/vitest-setup.js'],
    testTimeout: 30_000,
    maxWorkers: 2,
  },
});
