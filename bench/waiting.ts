/**
 * Measures many executions that each wait for a 500 ms tool. Waiting executions hold no thread and no CPU slot, so the
 * wall time consists of the tool's time and of the work to start and end the executions. The memory is the peak of the
 * executor and its sandbox processes.
 */
import { setTimeout as delay } from 'node:timers/promises'

import type { Codemode } from '@codemode/client'

import { compared } from './comparison.ts'
import { Floor } from './floor.ts'
import type { Workload } from './workload.ts'
import { residentMb } from './process-usage.ts'
import { byRound, interleaved } from './rounds.ts'
import { startSubjects, transports, type Subject } from './subjects.ts'

const toolMs = 500
const [few, many] = [100, 1_000]
const warmUpExecutions = 200

export const waiting: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const floor = stack.use(await Floor.start())
  const subjects = await startSubjects(options, stack)
  const clients = new Map(subjects.map((subject) => [subject, batchesByTransport(subject)]))
  for (const both of clients.values()) for (const batch of Object.values(both)) await batch(warmUpExecutions)
  const rounds = await interleaved(options, {
    baseline: () => floor.sample(),
    subjects,
    async measure(subject) {
      const { callback, stream } = clients.get(subject)!
      return {
        callback: { few: await callback(few), many: await callback(many) },
        stream: { few: await stream(few), many: await stream(many) },
      }
    },
  })
  const batchesMade = (['callback', 'stream'] as const).flatMap((transport) =>
    (['few', 'many'] as const).map((size) => ({ transport, size })),
  )
  report.table(
    `Executions that wait for a tool of ${toolMs} ms`,
    batchesMade.flatMap(({ transport, size }) => {
      const count = size === 'few' ? few : many
      return compared(rounds, (sample) => columns(sample[transport][size]), { over: transport, executions: count })
    }),
  )
  for (const transport of ['callback', 'stream'] as const) {
    report.goal({
      goal: `${few} executions wait for a tool of ${toolMs} ms over ${transport}`,
      unit: `× ${toolMs} ms`,
      bound: 'at most',
      limit: 1.2,
      values: byRound(rounds, (sample) => sample[transport].few.wallMs / toolMs),
    })
    report.goal({
      goal: `${many} executions wait for a tool of ${toolMs} ms over ${transport}`,
      unit: `× (${toolMs} ms + ${many} × 0.6 × (isolate + hop))`,
      bound: 'at most',
      limit: 1,
      values: byRound(rounds, (sample, { isolateMs, hopMs }) => {
        return sample[transport].many.wallMs / (toolMs + many * 0.6 * (isolateMs + hopMs))
      }),
    })
  }
}

interface Batch {
  readonly count: number
  readonly wallMs: number
  readonly handlersAtOnce: number
  /** Peak resident memory, sampled at every hundredth call. */
  readonly peakMb: number
}

type RunBatch = (count: number) => Promise<Batch>

function batchesByTransport(subject: Subject): Record<keyof typeof transports, RunBatch> {
  return { callback: batches(subject, 'callback'), stream: batches(subject, 'stream') }
}

function batches({ connect, executor }: Subject, transport: keyof typeof transports): RunBatch {
  let inFlight = 0
  let maxInFlight = 0
  let called = 0
  let peakMb = 0
  const slow = async () => {
    maxInFlight = Math.max(maxInFlight, ++inFlight)
    if (++called % few === 0) peakMb = Math.max(peakMb, residentMb(executor.pid))
    await delay(toolMs)
    inFlight -= 1
    return 1
  }
  const codemode = connect({ ...transports[transport], tools: { slow } })
  return async (count) => {
    maxInFlight = 0
    called = 0
    peakMb = 0
    const began = performance.now()
    await runAll(codemode, count)
    return { count, wallMs: performance.now() - began, handlersAtOnce: maxInFlight, peakMb }
  }
}

async function runAll(codemode: Codemode, count: number): Promise<void> {
  const one = () => codemode.executeAsync('return await tools.slow()')
  const values = await Promise.all(Array.from({ length: count }, one))
  if (values.some((value) => value !== 1)) throw new Error(`not all of ${count} executions gave 1`)
}

function columns({ count, wallMs, handlersAtOnce, peakMb }: Batch): Record<string, number> {
  return {
    'wall ms': wallMs,
    'ms each besides the tool': (wallMs - toolMs) / count,
    'handlers at once': handlersAtOnce,
    'peak resident MB': peakMb,
  }
}
