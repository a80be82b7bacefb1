/**
 * Builds a script step by step in the background: all steps are queued at once, the program watches their progress and does
 * other work meanwhile, and takes the results and the script at the end. One step fails, and the next ones go on.
 */
import assert from 'node:assert/strict'

import { Codemode } from '@codemode/client'

const orders = [
  { item: 'pen', cents: 120 },
  { item: 'book', cents: 1_900 },
]

await using codemode = Codemode.fromEnv({ tools: { orders: () => orders } })
await using session = await codemode.session({ label: 'report' })

const progress: string[] = []
session.on('settle', ({ status }) => {
  const { completed, failed, total } = session.getQueueStats()
  progress.push(`${status}: ${completed + failed} of ${total}`)
})

// No call is awaited: the steps run in this order.
const steps = [
  'const orders = await tools.orders({})',
  'const total = orders.reduce((sum, { cents }) => sum + cents, 0)',
  'throw new Error(`the total ${total} is too low`)',
  'function report() { return `${orders.length} orders, ${total} cents` }',
  'report()',
]
for (const code of steps) void session.addStep(code)

let otherWork = 0
while (session.getQueueStats().pending > 0) {
  otherWork += 1
  await new Promise((resolve) => setImmediate(resolve))
}

const { results, currentScript } = await session.finalize()
assert.deepEqual(
  results.map(({ success }) => success),
  [true, true, false, true, true],
)
const last = results.at(-1)
assert(last?.success)
assert.equal(last.result, '2 orders, 2020 cents')
assert.equal(progress.at(-1), 'completed: 5 of 5')
assert(otherWork > 0)
assert(currentScript.includes('// Step 3 (failed)'))
console.log(currentScript)
await session.close()
