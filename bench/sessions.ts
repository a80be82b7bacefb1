/**
 * Measures steps of a live session, one at a time, against trivial executions in the same rounds; and the time in which a
 * step of 50 lines is prepared. On a busy machine the CPU times are more reliable than the wall times.
 */
import process from 'node:process'

import type { Codemode, Session } from '@codemode/client'

import { prepareStep } from '../packages/executor/src/sandbox/child/source/step/prepare-step.ts'
import { spreads } from './comparison.ts'
import { costOfLoad, type LoadCost } from './load-cost.ts'
import { byRound, interleaved } from './rounds.ts'
import { startSubjects } from './subjects.ts'
import type { Workload } from './workload.ts'

const warmUp = { forMs: 1_500, limit: 1 }
const load = { forMs: 1_000, limit: 1 }
/** Steps after which a new session begins; a session has at most 1,000. */
const stepsOfSession = 500

/** Declarations, functions and assignments of a step, as a model writes them. */
const block = `const rows1 = [{ id: 1, total: 3 }, { id: 2, total: 4 }]
let { id: first1 = 0, ...rest1 } = rows1[0]
// Sums what the rows have.
function sum1(items) {
  let total = 0
  for (const { total: one } of items) total += one
  return total
}
const text1 = rows1.map((row) => \`\${row.id}: \${row.total}\`).join('\\n')
first1 += sum1(rows1)
`
const fiftyLines = Array.from({ length: 5 }, (_, n) => block.replaceAll('1 ', `${n + 1} `)).join('')

export const sessions: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects({ ...options, against: undefined }, stack)
  const { executor, connect } = subjects[0]!
  const client = connect()
  const steps = new Steps(client)
  const runs = {
    execution: () => run(client.executeAsync('return 1 + 1')),
    step: async () => run((await steps.session()).run('1 + 1')),
    'step with events': async () => {
      const result = await (await steps.session()).addStep('1 + 1', { wait: true })
      if (!result.success) throw new Error(result.error.message)
    },
  }
  const cost = (name: keyof typeof runs, forMs = load.forMs) => costOfLoad(executor.pid, { ...load, forMs }, runs[name])
  for (const name of Object.keys(runs) as (keyof typeof runs)[]) await cost(name, warmUp.forMs)
  const rounds = await interleaved(options, {
    baseline: () => cost('execution'),
    subjects,
    measure: async () => ({
      step: await cost('step'),
      withEvents: await cost('step with events'),
      transformMs: transformMs(),
    }),
  })
  const samples = rounds.subjects[0]!.samples
  report.table('One at a time', [
    { load: 'trivial execution', ...spreads(rounds.baseline.map(columns)) },
    { load: 'step of a live session', ...spreads(samples.map(({ step }) => columns(step))) },
    { load: 'the same, with its events', ...spreads(samples.map(({ withEvents }) => columns(withEvents))) },
  ])
  report.goal({
    goal: 'step of a live session: p50',
    unit: '× that of a trivial execution',
    bound: 'at most',
    limit: 1.3,
    values: byRound(rounds, ({ step }, execution) => step.p50Ms / execution.p50Ms),
  })
  report.goal({
    goal: 'step of a live session: CPU of executor and sandbox processes',
    unit: '× that of a trivial execution',
    bound: 'at most',
    limit: 0.6,
    values: byRound(rounds, ({ step }, execution) => step.cpuMs / execution.cpuMs),
  })
  report.goal({
    goal: 'preparing a step of 50 lines',
    unit: 'ms of CPU time',
    bound: 'at most',
    limit: 0.5,
    values: samples.map((sample) => sample.transformMs),
  })
}

/** Live sessions for steps, one after the other. */
class Steps {
  readonly #client: Codemode
  #session: Session | undefined
  #left = 0

  constructor(client: Codemode) {
    this.#client = client
  }

  async session(): Promise<Session> {
    if (this.#session !== undefined && this.#left-- > 0) return this.#session
    await this.#session?.close()
    this.#session = await this.#client.session()
    this.#left = stepsOfSession - 1
    return this.#session
  }
}

async function run(value: Promise<unknown>): Promise<void> {
  if ((await value) !== 2) throw new Error(`1 + 1 gave ${JSON.stringify(await value)}`)
}

/** Returns the milliseconds of CPU time in which a step of 50 lines is prepared. */
function transformMs(): number {
  const count = 300
  const before = process.threadCpuUsage()
  for (let n = 0; n < count; n++) {
    if (!prepareStep(fiftyLines, new Map()).ok) throw new Error('the step was refused')
  }
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000 / count
}

function columns({ p50Ms, p99Ms, cpuMs, executorCpuMs, loadCpuMs }: LoadCost): Record<string, number> {
  return {
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    'CPU ms each': cpuMs,
    'executor CPU ms': executorCpuMs,
    'load generator CPU ms': loadCpuMs,
  }
}
