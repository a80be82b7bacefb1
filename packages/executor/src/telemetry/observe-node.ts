import { cpuUsage, memoryUsage } from 'node:process'

import type { EngineLoad } from '../engine/engine-load.ts'
import { waitReasons } from '../engine/state/wait-reason.ts'
import type { SandboxReading } from '../sandbox/process-pool.ts'
import { CachedCounts } from './cached-counts.ts'
import { EventLoopDelay } from './event-loop-delay.ts'
import type { Metrics } from './metrics.ts'

const usPerSecond = 1e6
const msPerSecond = 1_000
/** Milliseconds between two countings of the executions in the store. */
const countEveryMs = 5_000
/** Milliseconds after which a number of executions is no longer reported, while the store has not answered. */
const maxStaleMs = 120_000
/** Maximum milliseconds for which a reader of the metrics waits for the store. */
const maxStoreWaitMs = 250

/** State of a node at one time. */
export interface NodeReading {
  readonly load: EngineLoad
  readonly isReady: boolean
  /** State of the sandbox processes; undefined for a sandbox without processes. */
  readonly sandbox: SandboxReading | undefined
}

/** Node whose gauges are set. */
export interface ObservedNode {
  readonly reading: () => NodeReading
  /** Returns the number of parked executions in the store by what they wait for; absent without a store. */
  readonly countParked?: (() => Promise<ReadonlyMap<string, number>>) | undefined
}

/** Sets the gauges of a node each time that its metrics are read, until it is disposed of. */
export function observeNode(metrics: Metrics, { reading, countParked }: ObservedNode): Disposable {
  const delay = new EventLoopDelay()
  const parked =
    countParked &&
    new CachedCounts({ count: countParked, maxAgeMs: countEveryMs, maxStaleMs, maxWaitMs: maxStoreWaitMs })
  let countedCpuUs = 0
  metrics.setReader(async () => {
    if (parked !== undefined) setParked(metrics, await parked.read())
    setReading(metrics, reading())
    for (const [percentile, seconds] of Object.entries(delay.read() ?? {})) {
      metrics.set('eventLoopDelay', { percentile }, seconds)
    }
    const { user, system } = cpuUsage()
    metrics.add('cpuTime', {}, (user + system - countedCpuUs) / usPerSecond)
    countedCpuUs = user + system
    metrics.set('memory', {}, memoryUsage.rss())
  })
  return {
    [Symbol.dispose]() {
      metrics.setReader(async () => {})
      delay[Symbol.dispose]()
    },
  }
}

function setReading(metrics: Metrics, { load, isReady, sandbox }: NodeReading): void {
  metrics.set('ready', {}, isReady ? 1 : 0)
  metrics.set('queueDepth', {}, load.queued)
  metrics.set('queueAge', {}, load.oldestQueuedMs / msPerSecond)
  for (const [kind, count] of Object.entries(load.inFlight)) metrics.set('executionsInFlight', { kind }, count)
  for (const [reason, count] of Object.entries(load.waiting)) metrics.set('executionsWaiting', { reason }, count)
  if (sandbox === undefined) return
  for (const [state, count] of Object.entries(sandbox.processes)) metrics.set('sandboxProcesses', { state }, count)
  for (const [state, count] of Object.entries(sandbox.isolates)) metrics.set('isolates', { state }, count)
  metrics.set('guests', {}, sandbox.guests)
  metrics.set('guestMemory', {}, sandbox.guestBytes)
  metrics.set('tenantsThrottled', {}, sandbox.throttledTenants)
}

/** Sets the number of parked executions for each reason, or removes it if the store does not answer. */
function setParked(metrics: Metrics, counts: ReadonlyMap<string, number> | undefined): void {
  if (counts === undefined) metrics.clear('parkedExecutions')
  else for (const reason of waitReasons) metrics.set('parkedExecutions', { reason }, counts.get(reason) ?? 0)
}
