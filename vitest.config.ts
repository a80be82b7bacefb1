import { defineConfig } from 'vitest/config'

const conditions = ['@codemode/source']

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    pool: 'forks',
    execArgv: conditions.map((condition) => `--conditions=${condition}`),
    maxWorkers: 2,
    // Bounds for what hangs, far above what anything takes on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    onConsoleLog: (log) => {
      throw new Error(`a test wrote to the console: ${log}`)
    },
  },
})
