/**
 * Many executions that each wait for a 500 ms tool: waiting ones should hold no thread and no CPU slot, so that the wall
 * time is that of the tool and of the work to begin and end them. `npm run bench [-- count …]`
 */
import { argv } from 'node:process'

import { Codemode } from '@codemode/client'

import { startExecutorProcess } from './executor-process.ts'

const counts = argv.slice(2).map(Number)
const toolMs = 500

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
        await new Promise((resolve) => setTimeout(resolve, toolMs))
        inFlight -= 1
        return 1
      },
    },
  })
  await runBatch(codemode, 50)
  for (const count of counts.length > 0 ? counts : [1, 10, 100, 1_000]) {
    most = 0
    const started = performance.now()
    const values = await runBatch(codemode, count)
    const wallMs = performance.now() - started
    const right = values.filter((value) => value === 1).length
    console.log(
      `${transport.padEnd(8)}  ${String(count).padStart(5)} executions  ${wallMs.toFixed(0).padStart(5)} ms  ` +
        `${right} right  ${most} handlers at once  ${((wallMs - toolMs) / count).toFixed(2)} ms each beyond the tool`,
    )
  }
}

function runBatch(codemode: Codemode, count: number): Promise<unknown[]> {
  return Promise.all(Array.from({ length: count }, () => codemode.executeAsync('return await tools.slow()')))
}
