/**
 * Measures executions with ten tool calls, sequential and parallel, over callbacks and over the stream, compared with
 * trivial executions of the same client and with bare hops.
 */
import type { Codemode } from '@codemode/client'

import { compared, spreads } from './comparison.ts'
import { Floor } from './floor.ts'
import { latencies } from './in-flight.ts'
import type { Workload } from './workload.ts'
import { byRound, interleaved } from './rounds.ts'
import { median } from './statistics.ts'
import { startSubjects, transports } from './subjects.ts'

const calls = 10
const forMs = 500
const warmUps = 2
const codes = {
  trivial: `return ${calls}`,
  sequential: `
    let sum = 0
    for (let i = 0; i < ${calls}; i++) sum += await tools.one({ i })
    return sum`,
  parallel: `
    const ones = await Promise.all(Array.from({ length: ${calls} }, (_, i) => tools.one({ i })))
    return ones.reduce((sum, one) => sum + one)`,
}
/** Limit over callbacks, in hops per call. */
const hopsEach = { sequential: 2.5, parallel: 1.5 }
/** Factor of the limit for each transport. */
const allowance = { callback: 1, stream: 1.3 }

export const toolCalls: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const floor = stack.use(await Floor.start())
  const subjects = await startSubjects(options, stack)
  const clients = new Map(
    subjects.map((subject) => {
      const [callback, stream] = [transports.callback, transports.stream].map((transport) =>
        subject.connect({ ...transport, tools: { one: () => 1 } }),
      )
      return [subject, { callback: callback!, stream: stream! }]
    }),
  )
  for (const { callback, stream } of clients.values()) {
    for (let i = 0; i < warmUps; i++) {
      await measure(callback)
      await measure(stream)
    }
  }
  const rounds = await interleaved(options, {
    baseline: () => floor.sample(),
    subjects,
    async measure(subject) {
      const { callback, stream } = clients.get(subject)!
      return { callback: await measure(callback), stream: await measure(stream) }
    },
  })
  report.table('Lower bound: one bare HTTP hop, and one bare round trip through a pipe to another process', [
    spreads(rounds.baseline.map(({ hopMs, tripMs }) => ({ 'hop ms': hopMs, 'pipe round trip ms': tripMs }))),
  ])
  report.table(
    `${calls} tool calls in an execution: milliseconds, p50`,
    (['callback', 'stream'] as const).flatMap((transport) => {
      return compared(rounds, (sample) => columns(sample[transport]), { over: transport })
    }),
  )
  for (const transport of ['callback', 'stream'] as const) {
    for (const [order, title] of [
      ['sequential', 'one after another'],
      ['parallel', 'in parallel'],
    ] as const) {
      report.goal({
        goal: `${calls} tool calls over ${transport}, ${title}`,
        unit: `× (trivial + ${calls} × ${hopsEach[order]} hops)`,
        bound: 'at most',
        limit: allowance[transport],
        values: byRound(rounds, ({ callback, [transport]: { [`${order}Ms` as const]: ms } }, { hopMs }) => {
          return ms / (callback.trivialMs + calls * hopsEach[order] * hopMs)
        }),
      })
    }
  }
}

type Times = Record<'trivialMs' | 'sequentialMs' | 'parallelMs', number>

function columns({ trivialMs, sequentialMs, parallelMs }: Times): Record<string, number> {
  return { 'without calls': trivialMs, 'one after another': sequentialMs, 'in parallel': parallelMs }
}

async function measure(codemode: Codemode): Promise<Times> {
  return {
    trivialMs: await p50(codemode, 'trivial'),
    sequentialMs: await p50(codemode, 'sequential'),
    parallelMs: await p50(codemode, 'parallel'),
  }
}

/**
 * Resolves with the median time in milliseconds. Trivial executions may call no tool, so that they are the same over
 * both transports.
 */
async function p50(codemode: Codemode, kind: keyof typeof codes): Promise<number> {
  const tookMs = await latencies({ forMs, limit: 1 }, async () => {
    const value = await codemode.executeAsync(codes[kind], kind === 'trivial' ? { availableTools: [] } : {})
    if (value !== calls) throw new Error(`${kind} gave ${JSON.stringify(value)}`)
  })
  return median(tookMs)
}
