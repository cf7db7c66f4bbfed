import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/pack.ts'],
    testTimeout: 480_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    sequence: { concurrent: false },
    bail: 1,
  },
})
