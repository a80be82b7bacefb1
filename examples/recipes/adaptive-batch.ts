/**
 * Runs a batch with an adaptive concurrency limit (AIMD): it starts with one execution at a time, adds one after each
 * round without congestion, and halves the limit when the executor refuses or becomes slow.
 */
import assert from 'node:assert/strict'

import { Codemode } from '@codemode/client'

await using codemode = Codemode.fromEnv({ concurrency: { min: 1, max: 12 } })

let most = 0
codemode.on('start', () => {
  most = Math.max(most, codemode.stats().running)
})

const results = await codemode.executeAll(Array.from({ length: 300 }, (_, n) => `return ${n}`))

const { successful, averageMs, concurrency } = codemode.stats()
assert.deepEqual(
  results.map((result) => result.success && result.result),
  Array.from({ length: 300 }, (_, n) => n),
)
assert(most > 1 && most <= 12, `${most} at a time`)
console.log(`${successful} executions, ${averageMs?.toFixed(1)} ms each, now ${concurrency} at a time`)
