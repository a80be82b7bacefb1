/**
 * Measures the cost of logs and metrics: the CPU time of trivial executions on an executor that writes a line for each, to
 * /dev/null, compared with one that writes none, and the CPU time of reading the metrics. Metrics are always on, so
 * `--against` a revision without them shows what they add.
 */
import { Codemode } from '@codemode/client'
import { startExecutorProcess, type ExecutorProcess } from '@codemode/testkit'

import { compared, spreads } from './comparison.ts'
import { costOfLoad, type LoadCost } from './load-cost.ts'
import { cpuTimesOf } from './process-usage.ts'
import { byRound, interleaved } from './rounds.ts'
import { startSubjects } from './subjects.ts'
import type { Workload } from './workload.ts'

const warmUp = { forMs: 3_000, limit: 16 }
const load = { forMs: 1_000, limit: 16 }
const scrapes = 200

export const telemetry: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  const env = { CODEMODE_LOG_LEVEL: 'info' }
  const logging = stack.use(await startExecutorProcess({ env, stderr: 'ignore' }))
  const config = { executorUrl: logging.url, executorApiKey: logging.apiKey }
  const logged = stack.use(Codemode.fromClientConfig(config))
  const clients = new Map(subjects.map((subject) => [subject, subject.connect()]))
  await cost(logging, logged, warmUp)
  for (const [{ executor }, client] of clients) await cost(executor, client, warmUp)
  const rounds = await interleaved(options, {
    baseline: async () => ({ ...(await cost(logging, logged)), scrapeCpuMs: await scrapeCpuMs(logging) }),
    subjects,
    measure: (subject) => cost(subject.executor, clients.get(subject)!),
  })
  report.table('Trivial executions, 16 in flight, with a line of the log for each', [
    spreads(
      rounds.baseline.map(({ cpuMs, executorCpuMs, scrapeCpuMs }) => ({
        'CPU ms': cpuMs,
        'executor CPU ms': executorCpuMs,
        'scrape CPU ms': scrapeCpuMs,
      })),
    ),
  ])
  report.table(
    'Without lines of the log',
    compared(rounds, ({ cpuMs, executorCpuMs }) => ({ 'CPU ms': cpuMs, 'executor CPU ms': executorCpuMs })),
  )
  report.goal({
    goal: 'CPU of executor and sandbox processes with a line for each execution',
    unit: '× that without lines',
    bound: 'at most',
    limit: 1.05,
    values: byRound(rounds, (silent, { cpuMs }) => cpuMs / silent.cpuMs),
  })
  report.goal({
    goal: 'CPU of the executor for reading the metrics',
    unit: 'ms',
    bound: 'at most',
    limit: 5,
    values: rounds.baseline.map(({ scrapeCpuMs }) => scrapeCpuMs),
  })
}

function cost({ pid }: ExecutorProcess, client: Codemode, during = load): Promise<LoadCost> {
  return costOfLoad(pid, during, () => client.executeAsync('return 1 + 1'))
}

/** Reads the metrics repeatedly, and returns the CPU time of the executor for one read. */
async function scrapeCpuMs({ url, apiKey, pid }: ExecutorProcess): Promise<number> {
  const ownMs = () => cpuTimesOf(pid).get(pid)!.ownMs
  const before = ownMs()
  for (let n = 0; n < scrapes; n++) {
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${apiKey}` } })
    if (!response.ok) throw new Error(`GET /metrics was answered with ${response.status}`)
    await response.text()
  }
  return (ownMs() - before) / scrapes
}
