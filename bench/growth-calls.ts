/**
 * Measures the time of one execution with 1 to 256 tool calls, sequential and parallel, over callbacks and over the
 * stream.
 */
import type { Codemode } from '@codemode/client'

import { doublings, reportGrowth, type Times } from './growth.ts'
import type { Workload } from './workload.ts'
import { interleaved } from './rounds.ts'
import { startSubjects, transports, type Subject } from './subjects.ts'

const maxCalls = 256
const times = 3
const codes = {
  'one after another': 'for (let i = 0; i < input; i++) await tools.one()',
  'in parallel': 'await Promise.all(Array.from({ length: input }, () => tools.one()))',
}
const kinds = (['callback', 'stream'] as const).flatMap((transport) =>
  (['one after another', 'in parallel'] as const).map((order) => ({ transport, order })),
)

export const growthCalls: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  const clients = new Map(
    subjects.map((subject) => [
      subject,
      { callback: connect(subject, 'callback'), stream: connect(subject, 'stream') },
    ]),
  )
  const measure = async (subject: Subject): Promise<Times[]> => {
    const found: Times[] = []
    for (const { transport, order } of kinds) found.push(await grow(clients.get(subject)![transport], codes[order]))
    return found
  }
  for (const subject of subjects) await measure(subject)
  const rounds = await interleaved(options, { baseline: () => Promise.resolve(), subjects, measure })
  for (const [i, { transport, order }] of kinds.entries()) {
    reportGrowth(report, `tool calls over ${transport}, ${order}`, rounds, (sample) => sample[i]!)
  }
}

function connect(subject: Subject, transport: keyof typeof transports): Codemode {
  return subject.connect({ ...transports[transport], tools: { one: () => 1 } })
}

async function grow(codemode: Codemode, code: string): Promise<Times> {
  const found = new Map<number, number>()
  for (const calls of doublings(1, maxCalls)) {
    const tookMs: number[] = []
    for (let time = 0; time < times; time++) {
      const began = performance.now()
      await codemode.executeAsync(code, { input: calls })
      tookMs.push(performance.now() - began)
    }
    found.set(calls, Math.min(...tookMs))
  }
  return found
}
