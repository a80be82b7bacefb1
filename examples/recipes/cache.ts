/**
 * Caches the results of an agent that asks the same question repeatedly. A hundred identical executions at once share
 * one run (single-flight); later ones are answered from memory. The answer depends on the user, so the user is in the
 * context, which is part of the key.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode, ExecutorClient, withCache } from '@codemode/client'

let reads = 0
const executor = withCache(
  new ExecutorClient({
    executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? '',
    executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  }),
  { ttlMs: 60_000 },
)

await using codemode = Codemode.fromClientConfig({
  executor,
  tools: {
    balance: (_input: unknown, { context }) => {
      reads += 1
      return `the balance of ${context['user'] as string}`
    },
  },
})

const code = 'return tools.balance()'
const ada = codemode.withContext({ user: 'ada' })
const bob = codemode.withContext({ user: 'bob' })

const answers = await Promise.all(Array.from({ length: 100 }, () => ada.executeAsync(code)))
assert.deepEqual(new Set(answers), new Set(['the balance of ada']))
assert.equal(reads, 1)

assert.equal((await ada.run(code)).source, 'cache')
assert.equal(await bob.executeAsync(code), 'the balance of bob')
assert.equal(reads, 2)

executor.clear()
assert.equal((await ada.run(code)).source, 'executor')
assert.equal(reads, 3)
console.log(`${answers.length} concurrent identical executions shared one run`)
