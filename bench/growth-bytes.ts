/** Measures the time of one execution whose input, 1 KiB to 1 MiB of text or records, is also its result. */
import type { Codemode, Json } from '@codemode/client'

import { doublings, reportGrowth, type Times } from './growth.ts'
import type { Workload } from './workload.ts'
import { interleaved } from './rounds.ts'
import { startSubjects, type Subject } from './subjects.ts'
import { records, text } from './values.ts'

const maxKiB = 1_024
const times = 5
const kinds = [
  { of: 'KiB of text', make: text },
  { of: 'KiB of records', make: records },
]

export const growthBytes: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  const clients = new Map(subjects.map((subject) => [subject, subject.connect()]))
  const measure = async (subject: Subject): Promise<Times[]> => {
    const found: Times[] = []
    for (const { make } of kinds) found.push(await grow(clients.get(subject)!, make))
    return found
  }
  for (const subject of subjects) await measure(subject)
  const rounds = await interleaved(options, { baseline: () => Promise.resolve(), subjects, measure })
  for (const [i, { of }] of kinds.entries()) reportGrowth(report, of, rounds, (sample) => sample[i]!)
}

async function grow(codemode: Codemode, make: (bytes: number) => Json): Promise<Times> {
  const found = new Map<number, number>()
  for (const kib of doublings(1, maxKiB)) {
    const input = make(kib * 1_024)
    const tookMs: number[] = []
    for (let time = 0; time < times; time++) {
      const began = performance.now()
      await codemode.executeAsync('return input', { input })
      tookMs.push(performance.now() - began)
    }
    found.set(kib, Math.min(...tookMs))
  }
  return found
}
