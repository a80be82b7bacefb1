import { availableParallelism } from 'node:os'
import { argv } from 'node:process'

import { configDefaults, defineConfig, type Plugin } from 'vitest/config'

import { requirements } from './tests/requirements.ts'
import { builtSources } from './tests/support/built-sources.ts'
import { LongestFirst } from './tests/support/longest-first.ts'

/**
 * Condition under which the packages resolve to their sources, for the unit tests. In the other tests, imports by package
 * name resolve to the built packages.
 */
const conditions = ['@codemode/source']
/** Tests beside their source that start processes or open sockets. */
const beside = 'packages/*/src/**/*.integration.test.ts'
/**
 * Workers of the projects that start processes: twice the cores, because their tests mostly wait for these processes. They
 * run after the project `unit`, whose tests only compute.
 */
const waiting = {
  maxWorkers: 2 * availableParallelism(),
  sequence: { groupOrder: 1 },
  globalSetup: ['tests/support/build-packages.ts'],
  plugins: [builtSources()],
}
/** The tests of the web console share one executor and its data. */
const console = {
  ...waiting,
  globalSetup: [...waiting.globalSetup, 'tests/console/support/shared-console-setup.ts'],
}
/**
 * The packed client in bundlers and test runners, the packed executor, and what the systemd unit and the Dockerfile run, outside of
 * the gate.
 */
const hosts = 'tests/packages/{hosts,executor,systemd-unit,dockerfile}.test.ts'
const generated = [
  'tests/{chaos,durable,fuzz}/**/*.test.ts',
  'tests/replay/**/*.test.ts',
  'tests/hostile/reuse-memory.test.ts',
]

/**
 * `unit` starts no process and opens no socket; `integration` starts executors and sandbox processes; `adversarial` is
 * hostile code, faults and fuzzing; `own-isolates` repeats a part of it without the reuse of isolates; `console` is the
 * web console in Chromium. Outside the gate are `console-large` (its long lists, large journals and looks), `hosts`, and
 * `soak`, which repeats generated tests with full sizes and new seeds and exists only if the command names it.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    // Limits for tests that hang, far above the duration of any test on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    provide: { soak: false },
    tags: Object.entries(requirements).map(([name, description]) => ({ name, description })),
    onConsoleLog: (log) => {
      throw new Error(`a test wrote to the console: ${log}`)
    },
    projects: [
      project('unit', {
        execArgv: conditions.map((condition) => `--conditions=${condition}`),
        include: ['packages/*/src/**/*.test.ts', 'tests/scripts/**/*.test.ts'],
        exclude: [beside],
        // The files of a worker share its modules: importing them anew for each file takes twice as long as the tests.
        isolate: false,
        setupFiles: ['tests/support/isolated-unit.ts'],
        ssr: { resolve: { conditions, externalConditions: conditions } },
      }),
      project('integration', {
        include: [
          beside,
          'tests/{agents,e2e,frameworks,guest,packages,replay,sandbox}/**/*.test.ts',
          'tests/*.test.ts',
        ],
        exclude: [hosts],
        ...waiting,
      }),
      project('hosts', { include: [hosts], ...waiting }),
      project('adversarial', { include: ['tests/{hostile,chaos,fuzz,durable}/**/*.test.ts'], ...waiting }),
      project('console', { include: ['tests/console/*.test.ts'], ...console }),
      project('console-large', { include: ['tests/console/large/*.test.ts'], ...console }),
      project('own-isolates', {
        include: ['tests/chaos/crash.test.ts'],
        env: { CODEMODE_TEST_REUSE_ISOLATES: 'off' },
        ...waiting,
      }),
      ...(argv.includes('soak')
        ? [
            project('soak', {
              include: generated,
              provide: { soak: true },
              testTimeout: 3_600_000,
              globalSetup: waiting.globalSetup,
              plugins: waiting.plugins,
            }),
          ]
        : []),
    ],
  },
})

interface ProjectOptions {
  readonly include: string[]
  readonly exclude?: string[]
  readonly execArgv?: string[]
  readonly env?: Readonly<Record<string, string>>
  readonly isolate?: boolean
  readonly maxWorkers?: number
  readonly plugins?: Plugin[]
  readonly sequence?: { groupOrder: number }
  readonly setupFiles?: string[]
  readonly globalSetup?: string[]
  readonly provide?: { soak: boolean }
  readonly testTimeout?: number
  readonly ssr?: { readonly resolve: { readonly conditions: string[]; readonly externalConditions: string[] } }
}

/** A project that inherits the options above. What it excludes comes on top of `node_modules`, where packages have tests too. */
function project(name: string, { plugins, ssr, exclude = [], ...options }: ProjectOptions) {
  return {
    extends: true as const,
    ...(plugins && { plugins }),
    ...(ssr && { ssr }),
    test: { name, ...options, exclude: [...configDefaults.exclude, ...exclude] },
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    /** True if generated tests run with full sizes and new seeds. */
    soak: boolean
  }
}
