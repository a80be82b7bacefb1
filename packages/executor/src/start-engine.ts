import { version as nodeVersion } from 'node:process'

import type { ConsoleSession } from '@codemode/shared'
import type { Logger } from 'pino'

import type { ExecutorConfig } from './config.ts'
import { createEngine } from './engine/create-engine.ts'
import type { Engine } from './engine/engine.ts'
import type { EngineObserver } from './engine/engine-observer.ts'
import type { ExecutorInfo } from './executor-info.ts'
import { ProcessPool, type SandboxReading } from './sandbox/process-pool.ts'
import { ownRuntime, type RuntimeText } from './sandbox/runtime-source.ts'
import { configuredStore } from './store/configured-store.ts'
import type { ExecutionStore } from './store/execution-store.ts'
import { observedStore } from './store/observed-store.ts'
import type { SendNotification } from './store/stored-notification.ts'
import type { CreateCallbackTransport } from './tools/transport.ts'
import { executorVersion, isolatedVmVersion } from './versions.ts'

const MiB = 1024 * 1024

/** An engine, its sandbox processes and its store; disposing of it ends the processes and the connections. */
export interface StartedEngine extends AsyncDisposable {
  readonly engine: Engine
  info(): ExecutorInfo
  /** Returns the state of the sandbox processes; absent for a sandbox without processes. */
  sandboxReading?(): SandboxReading
  /** Returns which of the executions that end now are stored; absent without a store. */
  stores?(): ConsoleSession['stores']
  /** Returns the number of parked executions in the store by what they wait for; absent without a store. */
  countParked?(): Promise<ReadonlyMap<string, number>>
}

interface EngineDependencies {
  readonly logger: Logger
  readonly observer: EngineObserver
  readonly callbackTransport: CreateCallbackTransport
  /** Sends the notifications of the configured store. */
  readonly sendNotification?: SendNotification
  /** Store of detached executions in place of the configured one. It is not closed with the engine. */
  readonly store?: ExecutionStore
  /** Guest runtime in place of that of this version. */
  readonly runtime?: RuntimeText
}

/** Starts the sandbox processes and creates an engine that uses them. */
export async function startEngine(
  config: ExecutorConfig,
  { logger, observer, callbackTransport, sendNotification, store: givenStore, runtime }: EngineDependencies,
): Promise<StartedEngine> {
  const sandbox = await ProcessPool.start({
    size: config.sandboxProcesses,
    maxProcesses: config.maxSandboxProcesses,
    memoryBytes: config.sandboxMemoryMb * MiB,
    evictAfterMs: config.evictAfterMs,
    recycleAfter: config.recycleAfter,
    minIsolation: config.minIsolation,
    ...(runtime && { runtime }),
    readRuntime: async (hash) => store?.findRuntime(hash),
    observer,
  })
  const isolation = {
    tier: sandbox.jail.tier,
    layers: [...sandbox.jail.layers, ...(sandbox.memoryLimitedBy ? [sandbox.memoryLimitedBy] : [])],
  }
  observer.sandboxStarted(isolation)
  const { v8, icu, guestRuntime } = sandbox.versions
  const ownStore =
    givenStore === undefined
      ? configuredStore(config, {
          logger,
          observer,
          sendNotification: sendNotification && observedSender(sendNotification, observer),
          runtime: runtime ?? (await ownRuntime()),
        })
      : undefined
  const bareStore = givenStore ?? ownStore?.store
  const store = bareStore && observedStore(bareStore, observer)
  const engine = createEngine({
    sandbox,
    callbackTransport,
    maxRunning: config.maxRunning,
    maxQueued: config.maxQueued,
    disconnectGraceMs: config.disconnectGraceMs,
    observer,
    retain: { ms: config.retainMs, count: config.retainCount, bytes: config.retainBytes },
    ...(store !== undefined && {
      detached: {
        store,
        maxRunning: config.maxRunningDetached,
        parkAfterMs: config.parkAfterMs,
        evictAfterMs: config.evictAfterMs,
        recordAttached: config.recordAttached,
      },
    }),
  })
  return {
    engine,
    sandboxReading: () => sandbox.reading(),
    ...(store !== undefined && {
      countParked: () => store.countParked(),
      stores: () => (!store.isInUse ? 'nothing' : config.recordAttached ? 'all' : 'detached'),
    }),
    info: () => ({
      name: 'codemode-executor',
      version: executorVersion,
      versions: { node: nodeVersion, v8, icu, guestRuntime, isolatedVm: isolatedVmVersion },
      isolation,
      sandboxProcesses: config.sandboxProcesses,
    }),
    async [Symbol.asyncDispose]() {
      await ownStore?.[Symbol.asyncDispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}

/** Returns a sender that reports each attempt to an observer, unless it was aborted. */
function observedSender(send: SendNotification, observer: EngineObserver): SendNotification {
  return async (notification, signal) => {
    const problem = await send(notification, signal)
    if (problem === undefined || !signal.aborted) observer.notificationAttempted(problem === undefined)
    return problem
  }
}
