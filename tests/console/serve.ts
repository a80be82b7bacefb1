/**
 * Serves the web console with the data of its tests, to look at it: `node --conditions=@codemode/source tests/console/serve.ts`.
 * A process that forks this one gets the executor and the ids of the data as a message.
 */
import { once } from 'node:events'
import process from 'node:process'

import { makeConsoleData } from './data/console-data.ts'
import { startConsoleExecutor } from './support/console-executor.ts'

await using executor = await startConsoleExecutor({ port: Number(process.env['CODEMODE_PORT'] ?? 0) })
const started = performance.now()
await using data = await makeConsoleData(executor)
console.log(data)
console.log(`The data took ${Math.round(performance.now() - started)} ms.`)
console.log(`Console:  ${executor.consoleUrl}`)
for (const [person, key] of Object.entries(executor.keys)) console.log(`${person}: ${key}`)
process.send?.({ ...executor, data })
await Promise.race(['SIGINT', 'SIGTERM', 'disconnect'].map((event) => once(process, event)))
