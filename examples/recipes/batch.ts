/**
 * Runs many codes as a batch, some of which fail: each has its own result, in order, and a line on the terminal shows
 * the progress. Executions that failed for a transient reason run again.
 */
import assert from 'node:assert/strict'
import { stderr } from 'node:process'

import { Codemode, type BatchProgress } from '@codemode/client'

await using codemode = Codemode.fromEnv({ concurrency: 16 })

function showProgress({ settled, total = NaN, failed }: BatchProgress): void {
  if (stderr.isTTY) stderr.write(`\r${settled} of ${total} done, ${failed} failed${settled === total ? '\n' : ''}`)
}

const codes = Array.from({ length: 200 }, (_, n) => {
  if (n % 50 === 7) return `throw new RangeError('no row ${n}')`
  if (n === 100) return 'return ('
  return `return ${n} ** 2`
})

const results = await codemode.executeAll(codes, { onProgress: showProgress })

const values = results.filter((result) => result.success).map(({ result }) => result)
const failures = results.flatMap((result, n) => ('error' in result ? [{ n, ...result.error }] : []))
const again = failures.filter(({ retryable }) => retryable)

assert.equal(values.length, 195)
assert.deepEqual(
  failures.map(({ n, code }) => [n, code]),
  [
    [7, 'GUEST_ERROR'],
    [57, 'GUEST_ERROR'],
    [100, 'SYNTAX_ERROR'],
    [107, 'GUEST_ERROR'],
    [157, 'GUEST_ERROR'],
  ],
)
assert.deepEqual(again, [], 'a failure of the code is not retried')
console.log(`${values.length} of ${results.length} succeeded; each of the others has an error`)
