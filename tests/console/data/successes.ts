import type { Codemode } from '@codemode/client'

const report = `
console.log('building the report for', input.customer)
const [orders, customer, stock] = await Promise.all([
  tools.orders.list({ customer: input.customer }),
  tools.customers.find({ name: input.customer }),
  tools.stock.count({ item: 'lamp' }),
])
console.info('orders', orders)
for (const { id, cents } of orders) {
  console.debug('%s costs %d', id, cents / 100)
  await sleep(20)
}
const total = orders.reduce((sum, { cents }) => sum + cents, 0)
console.warn('the stock has only', stock.count, 'lamps')
await tools.mail.send({ to: customer.email, text: \`You have spent \${total / 100} EUR.\` })
console.table(orders)
return { total, customer, orders }
`.trim()

const poll = `
let attempts = 0
const started = Date.now()
while (attempts < 5) {
  await new Promise((resolve) => setTimeout(resolve, 30))
  attempts++
  console.log('attempt', attempts, 'after', Date.now() - started, 'ms')
}
return attempts
`.trim()

const forgotten = `
tools.mail.send({ to: 'lovelace@example.com', text: 'The report is ready.' })
return 'sent'
`.trim()

/** Runs attached executions that succeed: with tools in parallel and in a row, timers, console output and warnings. */
export async function makeAttachedSuccesses(client: Codemode) {
  const run = async (...given: Parameters<Codemode['run']>) => (await client.run(...given)).executionId
  const [withTools, withTimers, withWarning, withoutLabel] = await Promise.all([
    run(report, { input: { customer: 'lovelace' }, label: 'monthly report', context: { requestedBy: 'ada' } }),
    run(poll, { label: 'poll' }),
    run(forgotten, { label: 'forgotten await' }),
    run('1 + 1'),
  ])
  return { withTools, withTimers, withWarning, withoutLabel }
}

/** Runs a detached execution that succeeds, and one that fails and is submitted again. */
export async function makeDetached(client: Codemode) {
  const [completed, failed] = await Promise.all([
    client.submit(report, { detached: true, input: { customer: 'hopper' }, label: 'monthly report' }),
    client.submit(report, { detached: true, input: { customer: null }, label: 'monthly report' }),
  ])
  await Promise.all([completed.wait(), failed.wait()])
  const retried = await failed.retry()
  await retried.wait()
  return { detached: completed.id, failedBeforeRetry: failed.id, retried: retried.id }
}
