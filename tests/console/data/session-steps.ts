import type { Codemode } from '@codemode/client'

/** Runs the steps of two sessions, of which one is frozen by its first step. Returns the ids of the steps. */
export async function makeSessionSteps(client: Codemode) {
  const session = await client.session({ label: 'analysis', durable: true })
  const steps = [
    await session.addStep("const orders = await tools.orders.list({ customer: 'noether' })"),
    await session.addStep('const total = orders.reduce((sum, { cents }) => sum + cents, 0)\nconsole.log({ total })', {
      label: 'the sum',
    }),
    await session.addStep('orders.find(({ id }) => id === 9).cents'),
  ]
  const frozen = await client.session({ label: 'frozen', durable: true })
  await frozen.addStep('Object.freeze(globalThis)')
  const refused = await frozen.addStep('const answer = 42')
  await Promise.all([session.waitForAllTasks(), frozen.waitForAllTasks()])
  return { session: session.id, steps: steps.map(({ id }) => id), frozen: refused.id }
}
