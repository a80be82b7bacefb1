import { defineConfig } from 'vitest/config'

const conditions = ['@codemode/source']

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    pool: 'forks',
    execArgv: conditions.map((condition) => `--conditions=${condition}`),
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A condition that is polled for is awaited; a busy machine takes longer than vitest's own second.
    expect: { poll: { timeout: 20_000 } },
    onConsoleLog: (log) => {
      throw new Error(`a test wrote to the console: ${log}`)
    },
  },
})
