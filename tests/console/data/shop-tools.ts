import { setTimeout as delay } from 'node:timers/promises'

import { tool } from '@codemode/client'

/** Tools of a shop, which most executions of the data call. */
export const shopTools = {
  'orders.list': async ({ customer }: { customer: string }) => {
    await delay(40)
    return [1, 2, 3].map((number) => ({ id: `${customer}-${number}`, cents: 1_950 * number, currency: 'EUR' }))
  },
  'customers.find': async ({ name }: { name: string }) => {
    await delay(15)
    return { name, email: `${name.toLowerCase()}@example.com`, since: 2_021 }
  },
  'stock.count': async ({ item }: { item: string }) => {
    await delay(30)
    return { item, count: 7 }
  },
  'mail.send': tool({
    description: 'Sends an e-mail',
    inputSchema: {
      type: 'object',
      properties: { to: { type: 'string' }, text: { type: 'string' } },
      required: ['to', 'text'],
    },
    execute: ({ to }: { to: string }) => ({ sent: true, to }),
  }),
  'payments.charge': () => {
    throw Object.assign(new Error('The card was declined: insufficient funds.'), { code: 'CARD_DECLINED' })
  },
  'payments.refund': tool({
    description: 'Pays the price of an order back',
    inputSchema: {
      type: 'object',
      properties: { order: { type: 'string' }, cents: { type: 'integer', minimum: 1 } },
      required: ['order', 'cents'],
      additionalProperties: false,
    },
    requiresApproval: ({ cents }: { cents: number }) => cents > 1_000 && { reason: `${cents} cents are much` },
    execute: ({ order, cents }: { order: string; cents: number }) => ({ order, refunded: cents }),
  }),
  'contracts.sign': tool({
    description: 'Signs a contract',
    requiresApproval: true,
    approvalTimeoutMs: 300,
    execute: () => ({ signed: true }),
  }),
  /** Answers late, and not after a call has ended. */
  'reports.render': async ({ pages }: { pages: number }, { signal }: { readonly signal: AbortSignal }) => {
    await delay(pages * 1_000, undefined, { signal })
    return { pages }
  },
}
