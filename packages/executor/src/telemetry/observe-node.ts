import { monitorEventLoopDelay } from 'node:perf_hooks'
import { cpuUsage, memoryUsage } from 'node:process'

import type { EngineLoad } from '../engine/engine-load.ts'
import type { SandboxReading } from '../sandbox/process-pool.ts'
import type { Metrics } from './metrics.ts'

const nsPerSecond = 1e9
/** Interval of the measurement in milliseconds. Node counts it as a part of each delay. */
const resolutionMs = 20
const usPerSecond = 1e6
const msPerSecond = 1_000

/** State of a node at one time. */
export interface NodeReading {
  readonly load: EngineLoad
  readonly isReady: boolean
  /** State of the sandbox processes; undefined for a sandbox without processes. */
  readonly sandbox: SandboxReading | undefined
}

/** Sets the gauges of a node each time that its metrics are read, until it is disposed of. */
export function observeNode(metrics: Metrics, reading: () => NodeReading): Disposable {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  let countedCpuUs = 0
  metrics.setReader(() => {
    const { load, isReady, sandbox } = reading()
    metrics.set('ready', {}, isReady ? 1 : 0)
    metrics.set('queueDepth', {}, load.queued)
    metrics.set('queueAge', {}, load.oldestQueuedMs / msPerSecond)
    for (const [kind, count] of Object.entries(load.inFlight)) metrics.set('executionsInFlight', { kind }, count)
    for (const [reason, count] of Object.entries(load.waiting)) metrics.set('executionsWaiting', { reason }, count)
    if (sandbox !== undefined) {
      for (const [state, count] of Object.entries(sandbox.processes)) metrics.set('sandboxProcesses', { state }, count)
      metrics.set('guests', {}, sandbox.guests)
      metrics.set('guestMemory', {}, sandbox.guestBytes)
      metrics.set('tenantsThrottled', {}, sandbox.throttledTenants)
    }
    if (delays.count > 0) {
      metrics.set('eventLoopDelay', { quantile: '0.5' }, delaySeconds(delays.percentile(50)))
      metrics.set('eventLoopDelay', { quantile: '0.99' }, delaySeconds(delays.percentile(99)))
      metrics.set('eventLoopDelay', { quantile: '1' }, delaySeconds(delays.max))
    }
    delays.reset()
    const { user, system } = cpuUsage()
    metrics.add('cpuTime', {}, (user + system - countedCpuUs) / usPerSecond)
    countedCpuUs = user + system
    metrics.set('memory', {}, memoryUsage.rss())
  })
  return {
    [Symbol.dispose]() {
      metrics.setReader(() => {})
      delays.disable()
    },
  }
}

function delaySeconds(measuredNs: number): number {
  return Math.max(0, measuredNs / nsPerSecond - resolutionMs / msPerSecond)
}
