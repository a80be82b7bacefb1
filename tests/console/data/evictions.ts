import type { Codemode } from '@codemode/client'

const code = `
const started = Date.now()
const before = { random: Math.random(), orders: await tools.orders.list({ customer: 'hamilton' }) }
console.log('the report has', before.orders.length, 'orders')
const { pages } = await tools.reports.render({ pages: 3 })
console.log('rendered after', Date.now() - started, 'ms, with the same number', before.random)
return { pages }
`.trim()

/** Runs an attached execution whose guest is evicted while it waits for a tool, and rebuilt by replay for the answer. Returns its id. */
export async function makeEvicted(client: Codemode): Promise<string> {
  const { executionId, usage } = await client.run(code, { label: 'slow report' })
  if (usage.replays === 0) throw new Error('The guest was not evicted while it waited.')
  return executionId
}
