/**
 * Measures trivial executions over HTTP, 1, 16 and 64 in flight, compared with bare cycles of isolated-vm and with bare
 * hops. On a busy machine the CPU times are more reliable than the wall times.
 */
import type { Codemode } from '@codemode/client'

import { compared, spreads } from './comparison.ts'
import { Floor } from './floor.ts'
import { costOfLoad, type LoadCost } from './load-cost.ts'
import type { Workload } from './workload.ts'
import { byRound, interleaved } from './rounds.ts'
import { startSubjects } from './subjects.ts'

const code = 'return 1 + 1'
const warmUpMs = 3_000
const loads = { one: { forMs: 800, limit: 1 }, some: { forMs: 1_000, limit: 16 }, many: { forMs: 1_000, limit: 64 } }

export const trivial: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const floor = stack.use(await Floor.start())
  const subjects = await startSubjects(options, stack)
  const clients = new Map(subjects.map((subject) => [subject, subject.connect()]))
  for (const [{ executor }, client] of clients) {
    await costOfLoad(executor.pid, { forMs: warmUpMs, limit: 16 }, () => execute(client))
  }
  const rounds = await interleaved(options, {
    baseline: async () => ({ ...(await floor.sample()), rate: await floor.rate() }),
    subjects,
    async measure(subject) {
      const cost = (load: keyof typeof loads) =>
        costOfLoad(subject.executor.pid, loads[load], () => execute(clients.get(subject)!))
      return { one: await cost('one'), some: await cost('some'), many: await cost('many') }
    },
  })

  report.table('Lower bound on this machine in this run: one cycle at a time, and then one process per core', [
    spreads(
      rounds.baseline.map(({ isolateMs, isolateSyncMs, hopMs, rate }) => ({
        'isolate ms': isolateMs,
        'synchronous ms': isolateSyncMs,
        'hop ms': hopMs,
        'cycles/s': rate.perSecond,
        'CPU ms each': rate.cpuMs,
      })),
    ),
  ])
  report.table(
    'Trivial executions',
    (['one', 'some', 'many'] as const).flatMap((load) =>
      compared(rounds, (sample) => columns(sample[load]), { 'in flight': String(loads[load].limit) }),
    ),
  )
  report.goal({
    goal: 'trivial, one at a time: p50',
    unit: '× (isolate + hop)',
    bound: 'at most',
    limit: 0.6,
    values: byRound(rounds, ({ one }, { isolateMs, hopMs }) => one.p50Ms / (isolateMs + hopMs)),
  })
  report.goal({
    goal: '16 in flight: rate, without the share of the load generator',
    unit: '× the rate of bare cycles',
    bound: 'at least',
    limit: 1,
    values: byRound(rounds, ({ some }, { rate }) => some.perSecondWithoutLoad / rate.perSecond),
  })
  report.goal({
    goal: '16 in flight: CPU of executor and sandbox processes',
    unit: '× that of a bare cycle',
    bound: 'at most',
    limit: 1,
    values: byRound(rounds, ({ some }, { rate }) => some.cpuMs / rate.cpuMs),
  })
}

async function execute(codemode: Codemode): Promise<void> {
  const value = await codemode.executeAsync(code)
  if (value !== 2) throw new Error(`${code} gave ${JSON.stringify(value)}`)
}

function columns(cost: LoadCost): Record<string, number> {
  return {
    'p50 ms': cost.p50Ms,
    'p99 ms': cost.p99Ms,
    'executions/s': cost.perSecond,
    'executions/s without the load generator': cost.perSecondWithoutLoad,
    'CPU ms each': cost.cpuMs,
    'executor CPU ms': cost.executorCpuMs,
    'load generator CPU ms': cost.loadCpuMs,
  }
}
