/**
 * Measures the memory of an executor and its sandbox processes while many executions wait for a tool over the stream.
 * Options: `--count N` executions; above the default bounds, such as 10,000, the executor gets higher bounds and early
 * eviction. `--budget-mb N` is the memory at which no more are started (70 % of the free memory by default). `--at-once
 * N` is the number that are started, or answered, at a time.
 */
import { freemem } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { Codemode } from '@codemode/client'

import { startExecutorProcess } from '@codemode/testkit'
import { raiseDescriptorLimit } from './descriptors.ts'
import { inFlight } from './in-flight.ts'
import type { Workload } from './workload.ts'
import { MemoryWatch } from './memory-watch.ts'

const settleMs = 2_000
/** Milliseconds after which eviction, where it is configured, has taken place. */
const steadyMs = 6_000
/** Longest timeouts that a request may have with a key that sets no limits. */
const longestTimeouts = { executionTimeoutMs: 300_000, toolTimeoutMs: 300_000, queueTimeoutMs: 60_000 }
const code = 'const held = await tools.hold({ number: input }); return [input, held.number, held.answer]'

/** Number of executions that an executor admits by default. */
const defaultMaxRunning = 4_000
const higherBounds = {
  CODEMODE_MAX_RUNNING: '12000',
  CODEMODE_MAX_RUNNING_PER_KEY: '12000',
  CODEMODE_MAX_QUEUED: '12000',
  CODEMODE_MAX_QUEUED_PER_KEY: '12000',
  CODEMODE_SANDBOX_MEMORY_MB: '256',
  CODEMODE_EVICT_AFTER_MS: '2000',
}

interface Held {
  readonly arrived: PromiseWithResolvers<void>
  readonly answer: PromiseWithResolvers<unknown>
}

export const memoryWhileWaiting: Workload = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '2000' },
      'budget-mb': { type: 'string' },
      'at-once': { type: 'string', default: '128' },
    },
  })
  const count = Number(values.count)
  const atOnce = Number(values['at-once'])
  const budgetMb = Number(values['budget-mb'] ?? (freemem() / 1024 ** 2) * 0.7)
  const descriptors = raiseDescriptorLimit(count + atOnce + 1_000)
  const env = count > defaultMaxRunning ? higherBounds : {}
  await using executor = await startExecutorProcess({ env })
  const held: Held[] = Array.from({ length: count }, () => ({
    arrived: Promise.withResolvers(),
    answer: Promise.withResolvers(),
  }))
  await using codemode = Codemode.fromClientConfig({
    executorUrl: executor.url,
    executorApiKey: executor.apiKey,
    ...longestTimeouts,
    tools: {
      hold: ({ number }: { number: number }) => {
        held[number]!.arrived.resolve()
        return held[number]!.answer.promise
      },
    },
  })
  await codemode.executeAll(Array.from({ length: 20 }, () => 'return 1'))
  await delay(settleMs)

  using watch = new MemoryWatch(executor.pid)
  watch.mark('before')
  const results: Promise<unknown>[] = []
  const failures: string[] = []
  const began = performance.now()
  await inFlight(count, atOnce, async (number) => {
    if (watch.latestMb > budgetMb || failures.length > 0) return
    const result = codemode.executeAsync(code, { input: number }).catch((error: unknown) => {
      failures.push(String(error))
    })
    results[number] = result
    await Promise.race([held[number]!.arrived.promise, result])
  })
  const startedMs = performance.now() - began
  const waiting = Object.keys(results).length
  watch.mark('all executions wait')
  await delay(steadyMs)
  watch.mark(`${steadyMs / 1_000} s later`)

  let correct = 0
  const answering = performance.now()
  await inFlight(count, atOnce, async (number) => {
    if (results[number] === undefined) return
    held[number]!.answer.resolve({ number, answer: number * 2 })
    if (JSON.stringify(await results[number]) === JSON.stringify([number, number, number * 2])) correct += 1
  })
  const answeredMs = performance.now() - answering
  watch.mark('all executions have ended')
  await delay(settleMs)
  watch.mark(`${settleMs / 1_000} s later`)

  const stoppedEarly =
    waiting < count ? `; the bench started no more at ${watch.peakMb.toFixed(0)} MB of ${budgetMb.toFixed(0)}` : ''
  report.table(`${waiting} executions wait over the stream${stoppedEarly} (resident MB)`, watch.rows)
  report.note(
    `peak ${watch.peakMb.toFixed(0)} MB; ${correct} of ${waiting} correct; ${failures.length} failed ${failures[0] ?? ''}`,
  )
  report.note(
    `begun in ${startedMs.toFixed(0)} ms, ended in ${answeredMs.toFixed(0)} ms, ${atOnce} at a time; ` +
      `descriptors: ${descriptors}; options: ${JSON.stringify(env)}`,
  )
  if (correct < waiting) throw new Error(`${waiting - correct} of ${waiting} executions gave a wrong result`)
}
