/**
 * Runs the demo: `npm run demo` starts an executor in a process of its own, and plays each scene with a client of it.
 * Every scene asserts its outcome; the exit code is 1 if one fails. At the end it offers the web console of the executor.
 */
import process from 'node:process'

import { startExecutorProcess } from '@codemode/testkit'
import { printFact, printHeading, printLine } from './print.ts'
import { offerConsole } from './offer-console.ts'
import { get, type Scene } from './scene.ts'
import { cancellation } from './scenes/cancellation.ts'
import { consoleOutput } from './scenes/console.ts'
import { correlation } from './scenes/correlation.ts'
import { guestError } from './scenes/guest-error.ts'
import { toolsByCallback, toolsByStream } from './scenes/parallel-tools.ts'
import { replay } from './scenes/replay.ts'
import { timeout } from './scenes/timeout.ts'
import { value } from './scenes/value.ts'

const scenes: readonly Scene[] = [
  value,
  toolsByCallback,
  toolsByStream,
  consoleOutput,
  guestError,
  timeout,
  cancellation,
  correlation,
  replay,
]

/** Milliseconds after which the demo counts as hung, and fails. */
const hangsAfterMs = 300_000
const hang = setTimeout(() => {
  printLine(`The demo did not end within ${hangsAfterMs} ms.`)
  process.exit(1)
}, hangsAfterMs)

const startedAt = performance.now()
const failed: string[] = []

{
  await using executor = await startExecutorProcess()
  const { versions } = await get<{ versions: { node: string; isolatedVm: string } }>(executor, '/v1/info')
  printLine('Codemode: an executor runs the code and sends its tool calls to the client.')
  printLine('')
  printFact('executor', `${executor.url}, process ${executor.pid}, isolated-vm ${versions.isolatedVm}`)
  printFact('client', `this process, ${process.pid}, Node ${process.version}; the tools are here`)

  for (const [index, scene] of scenes.entries()) {
    printHeading(index + 1, scene.title)
    try {
      await scene.play(executor)
    } catch (error) {
      failed.push(scene.title)
      printFact('FAILED', String(error instanceof Error ? error.stack : error))
    }
  }

  clearTimeout(hang)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  printLine(`\n${scenes.length - failed.length} of ${scenes.length} scenes passed, in ${seconds} s.`)
  for (const title of failed) printLine(`FAILED: ${title}`)
  await offerConsole(executor)
}

if (failed.length > 0) process.exitCode = 1
