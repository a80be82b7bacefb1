/**
 * Uses one client for the lifetime of a server, and a view of it for each request: the view's context goes to every
 * tool call of that request and to no other. A hundred concurrent requests each read the orders of their own customer.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'

import { Codemode, tool } from '@codemode/client'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const orders = (customer: string) => [1, 2, 3].map((n) => ({ customer, cents: n * 100 }))

await using codemode = Codemode.fromEnv({
  tools: {
    // The customer comes from the request's own context, so the code can neither name nor forge another.
    my_orders: tool({ execute: (_, { context }) => orders(context['customer'] as string) }),
  },
})

const app = new Hono()
app.post('/ask/:customer', async (c) => {
  const view = codemode.withContext({ customer: c.req.param('customer') })
  return c.json(await view.executeAsync(await c.req.text(), { signal: c.req.raw.signal }))
})

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
await once(server, 'listening')
const address = server.address()
assert(typeof address === 'object' && address !== null)

const code = `
  const orders = await tools.my_orders()
  return { customer: context.customer, orders: orders.map((order) => order.customer), cents: orders.at(-1).cents }`
const customers = Array.from({ length: 100 }, (_, n) => `customer-${n}`)
const answers = await Promise.all(
  customers.map(async (customer) => {
    const response = await fetch(`http://127.0.0.1:${address.port}/ask/${customer}`, { method: 'POST', body: code })
    return response.json()
  }),
)
server.close()

assert.deepEqual(
  answers,
  customers.map((customer) => ({ customer, orders: [customer, customer, customer], cents: 300 })),
)
console.log(`${answers.length} concurrent requests, each with its own context`)
