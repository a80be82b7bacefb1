import { once } from 'node:events'
import { stdin } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

import { printFact, printLine } from './print.ts'

/** Seconds for which a demo in a terminal keeps its executor, so that a person can look at the console. */
const openSeconds = 60

/**
 * Prints the address of the web console, which shows the executions of the demo. In a terminal, resolves after a minute or
 * when Enter is pressed; otherwise at once.
 */
export async function offerConsole(executor: { readonly url: string; readonly apiKey: string }): Promise<void> {
  printLine('\nThe web console shows these executions, and why some of them failed:\n')
  printFact('console', `${executor.url}/console`)
  printFact('API key', executor.apiKey)
  if (!stdin.isTTY) {
    printLine('\nThe demo ends now. In a terminal it keeps the console open for a minute.')
    return
  }
  printLine(`\nIt is open for ${openSeconds} s. Press Enter to end the demo now.`)
  const end = new AbortController()
  await Promise.race([
    once(stdin, 'data', { signal: end.signal }),
    delay(openSeconds * 1_000, undefined, { signal: end.signal }).then(() =>
      printLine(`The ${openSeconds} s are over.`),
    ),
  ])
  end.abort()
  stdin.pause()
}
