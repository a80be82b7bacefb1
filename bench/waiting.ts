/**
 * Many executions that each wait for a 500 ms tool: waiting ones should hold no thread and no CPU slot, so that the wall
 * time is that of the tool and of the work to begin and end them. Options: the counts, as in `-- 10 1000`.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { Codemode } from '@codemode/client'

import { startExecutorProcess } from './executor-process.ts'
import type { Workload } from './main.ts'
import type { Row } from './table.ts'

const toolMs = 500

export const waiting: Workload = async (args, report) => {
  const counts = args.length > 0 ? args.map(Number) : [1, 10, 100, 1_000]
  const rows: Row[] = []
  await using executor = await startExecutorProcess()
  for (const [transport, toolServer] of [
    ['callback', { port: 0 }],
    ['stream', undefined],
  ] as const) {
    let inFlight = 0
    let most = 0
    await using codemode = Codemode.fromClientConfig({
      executorUrl: executor.url,
      executorApiKey: executor.apiKey,
      ...(toolServer && { toolServer }),
      tools: {
        slow: async () => {
          most = Math.max(most, ++inFlight)
          await delay(toolMs)
          inFlight -= 1
          return 1
        },
      },
    })
    await runBatch(codemode, 50)
    for (const count of counts) {
      most = 0
      const started = performance.now()
      const values = await runBatch(codemode, count)
      const wallMs = performance.now() - started
      rows.push({
        transport,
        executions: count,
        'wall ms': wallMs,
        right: values.filter((value) => value === 1).length,
        'handlers at once': most,
        'ms each beyond the tool': (wallMs - toolMs) / count,
      })
    }
  }
  report.table(`Executions that wait for a tool of ${toolMs} ms`, rows)
}

function runBatch(codemode: Codemode, count: number): Promise<unknown[]> {
  return Promise.all(Array.from({ length: count }, () => codemode.executeAsync('return await tools.slow()')))
}
