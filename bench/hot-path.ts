/**
 * Trivial executions over HTTP: one at a time, and 16 in flight. The CPU time is that of the executor and its sandbox
 * processes, and says more than wall time on a machine that is not quiet. Options: `--against REV` measures that revision
 * of this repository in the same run, round by round; `--rounds N`; `--serial N` and `--parallel N` executions a round.
 */
import { parseArgs } from 'node:util'

import { Codemode } from '@codemode/client'

import { startExecutorProcess, type ExecutorProcess } from './executor-process.ts'
import { inFlight } from './in-flight.ts'
import type { Workload } from './main.ts'
import { cpuOf } from './process-usage.ts'
import { checkOut, type Revision } from './revision.ts'
import { median, percentile, spreadOf } from './statistics.ts'

const code = 'return 1 + 1'
const parallelLimit = 16
const warmUpExecutions = 400

interface Subject {
  readonly name: string
  readonly codemode: Codemode
  readonly pid: number
  readonly rounds: { readonly serial: Round[]; readonly parallel: Round[] }
}

/** One round of one subject. CPU times are milliseconds an execution. */
interface Round {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
  readonly cpuMs: number
  readonly executorCpuMs: number
}

export const hotPath: Workload = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      against: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      serial: { type: 'string', default: '400' },
      parallel: { type: 'string', default: '2000' },
    },
  })
  await using stack = new AsyncDisposableStack()
  const subjects = [await start('this', undefined, stack)]
  if (values.against !== undefined) {
    const revision = stack.use(await checkOut(values.against))
    subjects.push(await start(revision.name, revision, stack))
  }
  for (const { codemode } of subjects) await inFlight(warmUpExecutions, parallelLimit, () => execute(codemode))
  for (let round = 0; round < Number(values.rounds); round++) {
    // The order changes, so that neither always runs on what the other left behind.
    const ordered = round % 2 === 0 ? subjects : subjects.toReversed()
    for (const subject of ordered) {
      subject.rounds.serial.push(await measure(subject, Number(values.serial), 1))
      subject.rounds.parallel.push(await measure(subject, Number(values.parallel), parallelLimit))
    }
  }
  for (const [mode, title] of [
    ['serial', 'One at a time'],
    ['parallel', `${parallelLimit} in flight`],
  ] as const) {
    const rows = subjects.map(({ name, rounds }) => ({ executor: name, ...columns(rounds[mode], spreadOf) }))
    const [current, against] = subjects.map(({ rounds }) => rounds[mode])
    const ratio =
      against && columns(current!, (values, field) => median(values.map((value, i) => value / against[i]![field])))
    report.table(`${title}: median (min–max) of ${values.rounds} rounds`, [
      ...rows,
      ...(ratio ? [{ executor: 'ratio, median by round', ...ratio }] : []),
    ])
  }
}

async function start(name: string, revision: Revision | undefined, stack: AsyncDisposableStack): Promise<Subject> {
  const executor = stack.use(await startExecutorProcess(revision && { root: revision.root }))
  const codemode = stack.use(await connect(executor, revision))
  return { name, codemode, pid: executor.pid, rounds: { serial: [], parallel: [] } }
}

/** The current client, unless the revision speaks another protocol. */
async function connect({ url, apiKey }: ExecutorProcess, revision: Revision | undefined): Promise<Codemode> {
  const config = { executorUrl: url, executorApiKey: apiKey }
  const current = Codemode.fromClientConfig(config)
  if (revision === undefined) return current
  try {
    await execute(current)
    return current
  } catch {
    await current.close()
    return (await revision.client()).fromClientConfig(config)
  }
}

async function execute(codemode: Codemode): Promise<void> {
  const value = await codemode.executeAsync(code)
  if (value !== 2) throw new Error(`${code} gave ${JSON.stringify(value)}`)
}

async function measure({ codemode, pid }: Subject, count: number, limit: number): Promise<Round> {
  const latencies: number[] = []
  const before = cpuOf(pid)
  const began = performance.now()
  await inFlight(count, limit, async () => {
    const sent = performance.now()
    await execute(codemode)
    latencies.push(performance.now() - sent)
  })
  const tookMs = performance.now() - began
  const after = cpuOf(pid)
  return {
    p50Ms: median(latencies),
    p99Ms: percentile(latencies, 0.99),
    perSecond: (count / tookMs) * 1_000,
    cpuMs: (after.allMs - before.allMs) / count,
    executorCpuMs: (after.executorMs - before.executorMs) / count,
  }
}

function columns<T>(
  rounds: readonly Round[],
  summary: (values: readonly number[], field: keyof Round) => T,
): Record<string, T> {
  const titles = {
    p50Ms: 'p50 ms',
    p99Ms: 'p99 ms',
    perSecond: 'executions/s',
    cpuMs: 'CPU ms each',
    executorCpuMs: 'of it the executor',
  } as const
  return Object.fromEntries(
    (Object.keys(titles) as (keyof Round)[]).map((field) => [
      titles[field],
      summary(
        rounds.map((round) => round[field]),
        field,
      ),
    ]),
  )
}
