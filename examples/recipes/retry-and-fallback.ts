/**
 * Survives an executor that fails: the client retries by itself; after that a second executor takes over, and at last a
 * default value marks the result as degraded. Retries never run code twice; a fallback may, so its tools only read.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode, ExecutorClient, withDegradation, withFallback } from '@codemode/client'

const executorApiKey = env['CODEMODE_EXECUTOR_API_KEY']
/** Executor at a port on which nothing listens. */
const unreachable = () =>
  new ExecutorClient({
    executorUrl: 'http://127.0.0.1:9',
    executorApiKey,
    retry: { maxAttempts: 2, backoffBaseMs: 10 },
  })
const reachable = () => new ExecutorClient({ executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? '', executorApiKey })

await using codemode = Codemode.fromClientConfig({
  executor: withFallback(unreachable(), reachable(), { timeoutMs: 20_000 }),
  tools: { celsius: ({ city }: { city: string }) => (city === 'Oslo' ? -3 : 21) },
})
const attempts: string[] = []
codemode.on('retry', ({ attempt, error }) => attempts.push(`attempt ${attempt}: ${error.code}`))

const result = await codemode.run('return tools.celsius({ city: "Oslo" })')
assert(result.success)
assert.deepEqual([result.result, result.source], [-3, 'fallback'])
assert.deepEqual(attempts, ['attempt 1: CONNECTION_FAILED'])

await using degraded = Codemode.fromClientConfig({
  executor: withDegradation(unreachable(), { result: { available: false } }),
})
const last = await degraded.run('return 1')
assert(last.success)
assert.deepEqual([last.result, last.source], [{ available: false }, 'degraded'])
console.log('retried, fell back to another executor, then degraded')
