import { Codemode, tool } from '@codemode/client'
import { z } from 'zod'

const orders = [
  { id: 'o-1', customer: 'ada', cents: 1250 },
  { id: 'o-2', customer: 'bob', cents: 300 },
  { id: 'o-3', customer: 'ada', cents: 4700 },
]

await using codemode = Codemode.fromClientConfig({
  executorUrl: 'http://127.0.0.1:8001',
  executorApiKey: 'try-it-out-locally',
  tools: {
    orders_of: tool({
      description: 'The orders of one customer',
      inputSchema: z.object({ customer: z.string() }),
      execute: ({ customer }) => orders.filter((order) => order.customer === customer),
    }),
  },
})

// What a model would write, as a string. It runs in the executor; `orders_of` runs here.
const code = `
  const customers = ['ada', 'bob']
  const all = await Promise.all(customers.map((customer) => tools.orders_of({ customer })))
  return customers.map((customer, i) => ({ customer, cents: all[i].reduce((sum, { cents }) => sum + cents, 0) }))
`
console.log(await codemode.executeAsync(code))
