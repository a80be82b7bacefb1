/**
 * Measures the time of 1 to 10,000 trivial executions, 16 in flight: one batch, read at each doubling of the number
 * that ended.
 */
import type { Codemode } from '@codemode/client'

import { doublings, reportGrowth, type Times } from './growth.ts'
import { inFlight } from './in-flight.ts'
import type { Workload } from './workload.ts'
import { interleaved } from './rounds.ts'
import { startSubjects } from './subjects.ts'

const maxExecutions = 10_000
const parallel = 16
const warmUpExecutions = 500
/** Milliseconds after which the batch starts no more executions, so that a slow machine runs fewer. */
const maxBatchMs = 20_000

export const growthExecutions: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  const clients = new Map(subjects.map((subject) => [subject, subject.connect()]))
  for (const client of clients.values()) await batch(client, warmUpExecutions)
  const rounds = await interleaved(options, {
    baseline: () => Promise.resolve(),
    subjects,
    measure: (subject) => batch(clients.get(subject)!, maxExecutions),
  })
  reportGrowth(report, 'executions', rounds, (times) => times)
}

async function batch(codemode: Codemode, count: number): Promise<Times> {
  const sizes = new Set(doublings(1, count))
  const times = new Map<number, number>()
  const began = performance.now()
  let ended = 0
  await inFlight(count, parallel, async () => {
    if (performance.now() - began > maxBatchMs) return
    await codemode.executeAsync('return 1')
    if (sizes.has(++ended)) times.set(ended, performance.now() - began)
  })
  return times
}
