import type { ApprovalDecision, Codemode } from '@codemode/client'

import { databaseOf } from '../../support/store-command.ts'
import type { ConsoleExecutor } from '../support/console-executor.ts'
import { pollUntil } from '../support/poll-until.ts'

/** Clients of two persons. */
export interface Clients {
  /** Client that runs the code and serves the tools. */
  readonly client: Codemode
  /** Client of the person who decides. */
  readonly approver: Codemode
}

const refund = `
const orders = await tools.orders.list({ customer: input.customer })
console.log('refunding the last of', orders.length, 'orders')
const { id, cents } = orders.at(-1)
return await tools.payments.refund({ order: id, cents })
`.trim()

const several = `
const refunds = ['turing-1', 'turing-2', 'turing-3'].map((order, n) => tools.payments.refund({ order, cents: 1_500 + n }))
return await Promise.all(refunds)
`.trim()

const sign = `
try {
  return await tools.contracts.sign({ contract: input.customer, pages: 12 })
} catch (error) {
  console.error('not signed:', error.message)
  return error.code
}
`.trim()

const decisions = {
  approved: { approve: true },
  edited: { approve: true, input: { order: 'edited-3', cents: 4_000 }, note: 'Only a part of it, as agreed by phone.' },
  rejected: { reject: 'The order is older than a year.', note: 'See the terms.' },
  ended: { reject: 'This looks like fraud.', end: true },
  responded: { respond: { order: 'responded-3', refunded: 'by voucher' } },
} as const satisfies Record<string, ApprovalDecision>

/**
 * Runs executions whose calls wait for approvals: pending ones, one for each decision, which is made while the execution is parked,
 * and an expired one. Returns their ids.
 */
export async function makeApprovals({ client, approver }: Clients, { databaseUrl }: ConsoleExecutor) {
  const database = databaseOf({ url: databaseUrl })
  const decided = Object.entries(decisions).map(async ([customer, decision]) => {
    const { execution, approvals } = await waitForApprovals(client, refund, { customer })
    await pollUntil(async () => (await database.statusOf(execution.id)) === 'paused')
    await approver.decide(approvals[0]!, decision)
    await execution.wait()
    return [customer, execution.id] as const
  })
  const [pending, severalPending, promoted, expired, ...others] = await Promise.all([
    waitForApprovals(client, refund, { customer: 'curie' }),
    waitForApprovals(client, several, { customer: 'turing', count: 3 }),
    client.run(refund, { label: 'refund of meitner', input: { customer: 'meitner' } }),
    makeExpired(client),
    ...decided,
  ])
  const byDecision = Object.fromEntries(others) as Record<keyof typeof decisions, string>
  return {
    pending: pending.execution.id,
    severalPending: severalPending.execution.id,
    promoted: promoted.executionId,
    expired,
    ...byDecision,
  }
}

/** Runs the code detached until `count` calls wait for approvals, one by default. */
export async function waitForApprovals(
  client: Codemode,
  code: string,
  { customer, count = 1 }: { customer: string; count?: number },
) {
  const label = `refund of ${customer}`
  const execution = await client.submit(code, { detached: true, label, input: { customer } })
  const approvals = await pollUntil(async () => {
    const found = await allOf(execution.approvals())
    return found.length >= count && found
  })
  return { execution, approvals }
}

async function makeExpired(client: Codemode): Promise<string> {
  const execution = await client.submit(sign, { detached: true, label: 'contract', input: { customer: 'gauss' } })
  await execution.wait()
  const [approval] = await allOf(execution.approvals())
  if (approval?.status !== 'expired') throw new Error(`The approval is ${approval?.status}, not expired.`)
  return execution.id
}

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const read: Item[] = []
  for await (const item of items) read.push(item)
  return read
}
