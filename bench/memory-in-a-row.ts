/**
 * Measures the memory of an executor and its sandbox processes over many executions in a row, which must not grow.
 * `--count N` sets the number of executions.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { Codemode } from '@codemode/client'

import { startExecutorProcess } from '@codemode/testkit'
import { inFlight } from './in-flight.ts'
import type { Workload } from './workload.ts'
import { memoryOf } from './process-usage.ts'
import type { Row } from './table.ts'

const parallel = 16
const checkpoints = 5
const settleMs = 1_000
/** Number of ended executions that the executor retains: small enough to be reached before the first checkpoint. */
const retained = '1000'

/** Mix of typical executions: the code of each, and its expected outcome. */
const kinds = [
  { code: 'return 1 + 1', expected: 2 },
  { code: 'return (await tools.echo({ text: "x".repeat(1000) })).text.length', expected: 1_000, tools: ['echo'] },
  { code: 'throw new Error("expected")', expected: 'GUEST_ERROR' },
  { code: 'for (let i = 0; i < 50; i++) console.log("line", i, { of: "output" }); return input', expected: null },
]

export const memoryInARow: Workload = async (args, report) => {
  const { values } = parseArgs({ args: [...args], options: { count: { type: 'string', default: '7500' } } })
  const count = Number(values.count)
  await using executor = await startExecutorProcess({ env: { CODEMODE_RETAIN_COUNT: retained } })
  await using codemode = Codemode.fromClientConfig({
    executorUrl: executor.url,
    executorApiKey: executor.apiKey,
    tools: { echo: (input) => input },
  })
  const rows: Row[] = [await memoryAfter(0, executor.pid)]
  const began = performance.now()
  for (let step = 1; step <= checkpoints; step++) {
    await inFlight(count / checkpoints, parallel, async (number) => {
      const { code, expected, tools = [] } = kinds[number % kinds.length]!
      const result = await codemode.run(code, { availableTools: tools })
      const outcome = 'error' in result ? result.error.code : result.success && result.result
      if (outcome !== expected) throw new Error(`${code} gave ${JSON.stringify(outcome)}`)
    })
    rows.push(await memoryAfter((count / checkpoints) * step, executor.pid))
  }
  const seconds = (performance.now() - began) / 1_000
  report.table(`${count} executions in a row, ${parallel} in flight, in ${seconds.toFixed(0)} s (resident MB)`, rows)
}

async function memoryAfter(executions: number, executorPid: number): Promise<Row> {
  await delay(settleMs)
  const processes = memoryOf(executorPid)
  const cells = processes.map(({ name, pid, rssMb }) => [
    name === 'executor' ? name : `${name} ${pid}`,
    Math.round(rssMb),
  ])
  return { executions, ...(Object.fromEntries(cells) as Row) }
}
