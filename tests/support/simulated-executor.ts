// Executor without sockets and sandbox processes, for fake clocks: the real HTTP app on the real engine.
import { AsyncLocalStorage } from 'node:async_hooks'

import { readingHeaders } from '@codemode/shared'

import { combineObservers } from '../../packages/executor/src/engine/engine-observer.ts'
import { createEngine } from '../../packages/executor/src/engine/create-engine.ts'
import { AllSessions } from '../../packages/executor/src/engine/session/all-sessions.ts'
import { AttachedSessions } from '../../packages/executor/src/engine/session/attached-sessions.ts'
import type { Engine } from '../../packages/executor/src/engine/engine.ts'
import { createHttpApp } from '../../packages/executor/src/http/http-app.ts'
import { singleKeyStore } from '../../packages/executor/src/key-store.ts'
import { createLogger } from '../../packages/executor/src/log.ts'
import type { ExecutionSpec, Sandbox, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'
import { apiKey } from '@codemode/testkit'
import { noEffects } from './hostile-sandbox.ts'

const engines = new AsyncLocalStorage<Engine>()
const engine = (): Engine => engines.getStore()!

/**
 * App that all instances share, because building its routes takes longer than a request; it serves the engine of its
 * caller.
 */
const app = createHttpApp({
  engine: {
    readiness: 'ready',
    reading: () => engine().reading(),
    load: () => engine().load(),
    submit: (submission) => engine().submit(submission),
    submitDetached: (submission, session) => engine().submitDetached(submission, session),
    list: (tenant, options) => engine().list(tenant, options),
    count: (tenant, options) => engine().count(tenant, options),
    replay: (tenant, execution, signal) => engine().replay(tenant, execution, signal),
    retry: (id, retry) => engine().retry(id, retry),
    wake: (tenant, id) => engine().wake(tenant, id),
    sessions: new AllSessions(new AttachedSessions({ now: () => Date.now() }), undefined),
    decide: (submission) => engine().decide(submission),
    listApprovals: (tenant, options) => engine().listApprovals(tenant, options),
    setCallback: (tenant, id, callback) => engine().setCallback(tenant, id, callback),
    listNotifications: (tenant, options) => engine().listNotifications(tenant, options),
    resendNotification: (tenant, id) => engine().resendNotification(tenant, id),
    find: (tenant, id) => engine().find(tenant, id),
    close: (options) => engine().close(options),
  },
  keys: singleKeyStore(apiKey, { maxRunning: 100, maxQueued: 100, isolation: 'tenant', reuseIsolates: true }),
  guard: { check() {} },
  notifyGuard: { check() {} },
  info: () => ({
    name: 'codemode-executor',
    version: '0',
    versions: { node: '0', v8: '0', icu: '0', guestRuntime: '0', isolatedVm: '0' },
    isolation: { tier: 'none', layers: [] },
    sandboxProcesses: 1,
  }),
  logger: createLogger({ level: 'silent' }),
  observer: combineObservers([]),
  metrics: { text: async () => '' },
  heartbeatMs: 5_000,
})

interface SimulatedExecutorOptions {
  readonly retain: { readonly ms: number; readonly count: number; readonly bytes: number }
  /** Called when the code of an execution begins to run. */
  readonly onRun: (code: string) => void
  /** Returns the milliseconds that code takes. */
  readonly durationMs: () => number
}

/** Answer of the simulated executor. */
export interface SimulatedAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly text: string
}

/** Instance of the executor. */
export interface SimulatedExecutor {
  /** Answers a request. Rejects if the executor is killed before it has answered. */
  answer(request: Request): Promise<SimulatedAnswer>
  /** Ends the instance as SIGKILL does. */
  kill(): void
}

/** Starts an instance. Its executions run no code: they end with `true` after `durationMs`. */
export function startSimulatedExecutor({ retain, onRun, durationMs }: SimulatedExecutorOptions): SimulatedExecutor {
  const killed = Promise.withResolvers<never>()
  killed.promise.catch(() => {})
  let isAlive = true
  const turn = (): Promise<TurnOutcome> =>
    new Promise((resolve) => {
      const effects = { ...noEffects, end: { ok: true as const, result: 'true' } }
      setTimeout(() => isAlive && resolve({ type: 'turn', cpuMs: 1, effects }), durationMs())
    })
  const sandbox: Sandbox = {
    versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
    ready: true,
    roomFor: () => 100,
    throttledMs: () => 0,
    onRoom() {},
    placeGuest: (spec) => ({
      turn() {
        if (isAlive) onRun((spec as ExecutionSpec).code)
        return turn()
      },
      close() {},
    }),
    async [Symbol.asyncDispose]() {},
  }
  const own = createEngine({
    sandbox,
    callbackTransport: () => ({ call: () => Promise.reject(new Error('there are no tools')) }),
    maxRunning: 100,
    maxQueued: 100,
    disconnectGraceMs: 10_000,
    // The unhandled rejection fails the test.
    observer: combineObservers([{ executionFailedByBug: (bug) => void Promise.reject(bug) }]),
    retain,
  })
  return {
    async answer(request) {
      const headers = readingHeaders(own.reading())
      const response = await Promise.race([engines.run(own, () => app.fetch(request)), killed.promise])
      // The response of a slow execution begins before the execution has ended.
      const text = await Promise.race([response.text(), killed.promise])
      return { status: response.status, headers: { ...Object.fromEntries(response.headers), ...headers }, text }
    },
    kill() {
      isAlive = false
      killed.reject(new Error('the executor was killed'))
    },
  }
}
