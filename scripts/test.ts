/**
 * Runs the tests of the projects `unit`, `integration`, `adversarial`, `console` and `own-isolates`, or of those that `--project` names, in all
 * files or in those whose path has one of the words given; `-u` writes the snapshots that differ. A run of everything
 * fails for a requirement without a test. Its last line of output is the one that CI reads: `N passed, N failed, N
 * skipped`.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'

import { startVitest } from 'vitest/node'

import { requirements } from '../tests/requirements.ts'

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { project: { type: 'string', multiple: true }, update: { type: 'boolean', short: 'u', default: false } },
})
const project = values.project ?? ['unit', 'integration', 'adversarial', 'console', 'own-isolates']
const vitest = await startVitest('test', words, { run: true, watch: false, update: values.update, project })
const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
const verified = new Set<string>()
for (const file of vitest.state.getTestModules()) {
  const isEndToEnd = file.relativeModuleId.startsWith('tests/')
  for (const test of file.children.allTests()) {
    count[test.result().state] += 1
    // The seed and the numbers of a generated test.
    if (project.includes('soak')) for (const { message } of test.annotations()) console.log(`${test.name}: ${message}`)
    if (isEndToEnd) for (const tag of test.tags) verified.add(tag)
  }
}
const failedModules = vitest.state.getTestModules().filter((file) => file.errors().length > 0)
count.failed += vitest.state.getUnhandledErrors().length + failedModules.length
await vitest.close()
if (words.length === 0 && values.project === undefined) {
  const unverified = Object.entries(requirements).filter(([id]) => !verified.has(id))
  for (const [id, text] of unverified) console.error(`No test in tests/ has the tag ${id}: ${text}`)
  count.failed += unverified.length
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
if (count.failed > 0) process.exitCode = 1
