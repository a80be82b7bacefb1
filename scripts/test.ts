/**
 * Runs all suites, or the files whose path contains one of the given words, and ends with the line that CI reads: `N
 * passed, N failed, N skipped`. With `-u` it updates snapshots.
 */
import { argv } from 'node:process'

import { startVitest } from 'vitest/node'

const words = argv.slice(2).filter((word) => word !== '-u')
const vitest = await startVitest('test', words, { run: true, watch: false, update: argv.includes('-u') })
const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
for (const file of vitest.state.getTestModules()) {
  for (const test of file.children.allTests()) count[test.result().state] += 1
}
const failedOtherwise =
  vitest.state.getUnhandledErrors().length +
  vitest.state.getTestModules().filter((file) => file.errors().length > 0).length
await vitest.close()
console.log(`${count.passed} passed, ${count.failed + failedOtherwise} failed, ${count.skipped} skipped`)
