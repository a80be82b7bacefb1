import type { TurnEffects } from '@codemode/shared'
import type { RunningExecutor } from '@codemode/executor'

import { createExecutor } from '../../packages/executor/src/index.ts'
import { createEngine } from '../../packages/executor/src/engine/create-engine.ts'
import { combineObservers, type EngineObserver } from '../../packages/executor/src/engine/engine-observer.ts'
import type { ExecutionSpec, GuestDelivery, Sandbox, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'
import type { ToolTransport } from '../../packages/executor/src/tools/transport.ts'
import type { startEngine } from '../../packages/executor/src/start-engine.ts'
import { apiKey } from '@codemode/testkit'

/** Effects of a turn without calls, logs, timers and end. */
export const noEffects: TurnEffects = {
  calls: [],
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  nextTimerAt: null,
}

interface HostileSandbox {
  /** Returns the outcome of a turn. An error that it throws is a bug to the engine. */
  readonly turn: (delivery: GuestDelivery, spec: ExecutionSpec) => TurnOutcome
  /** Calls a tool of an execution with a callback, in place of the transport. */
  readonly callTool?: ToolTransport['call']
  readonly observer?: Partial<EngineObserver>
}

/** Starts an executor on a sandbox that reports what the test decides. */
export function startOnHostileSandbox({ turn, callTool, observer = {} }: HostileSandbox): Promise<RunningExecutor> {
  const sandbox: Sandbox = {
    versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
    ready: true,
    roomFor: () => 1,
    throttledMs: () => 0,
    onRoom() {},
    placeGuest: (spec) => ({ turn: async (delivery) => turn(delivery, spec as ExecutionSpec), close() {} }),
    async [Symbol.asyncDispose]() {},
  }
  const start: typeof startEngine = async (config, { callbackTransport, observer: own }) => ({
    engine: createEngine({
      sandbox,
      callbackTransport: callTool ? () => ({ call: callTool }) : callbackTransport,
      maxRunning: config.maxRunning,
      maxQueued: config.maxQueued,
      disconnectGraceMs: config.disconnectGraceMs,
      observer: combineObservers([observer, own]),
      retain: { ms: config.retainMs, count: config.retainCount, bytes: config.retainBytes },
    }),
    info: () => ({
      name: 'codemode-executor',
      version: '0',
      versions: { node: '0', v8: '0', icu: '0', guestRuntime: '0', isolatedVm: '0' },
      isolation: { tier: 'none', layers: [] },
      sandboxProcesses: 1,
    }),
    async [Symbol.asyncDispose]() {},
  })
  return createExecutor({ apiKey, port: 0, dev: true, logLevel: 'silent' }, { startEngine: start })
}
