import type { Codemode } from '@codemode/client'

import { databaseOf } from '../../support/store-command.ts'
import type { ConsoleExecutor } from '../support/console-executor.ts'
import { copyOf, insertRecorded, readRecorded, type Recorded } from './recorded.ts'

/** Executions that are copied, with their shares of a hundred copies. They use neither clocks nor timers, so that copies replay. */
const templates = [
  {
    share: 60,
    label: 'order lookup',
    code: "const [order] = await tools.orders.list({ customer: 'ada' })\nreturn order",
  },
  { share: 25, label: undefined, code: "console.log('computing')\nreturn [1, 2, 3].map((n) => n ** 2)" },
  {
    share: 8,
    label: 'order lookup',
    code: "const orders = await tools.orders.list({ customer: 'ada' })\nreturn orders[7].id",
  },
  { share: 5, label: 'charge', code: 'return await tools.payments.charge({ cents: 1_950 })' },
  { share: 2, label: 'wait', code: 'await new Promise(() => {})' },
] as const

/** Milliseconds between two copies: 10,000 of them are about a day. */
const distanceMs = 8_000
/** Number of copies that one statement inserts. */
const batchSize = 500

/** Runs a few attached executions, and copies their rows with new ids and times, until the store has `count` more executions. */
export async function makeMany(client: Codemode, executor: ConsoleExecutor, count: number): Promise<void> {
  const database = databaseOf({ url: executor.databaseUrl })
  const recorded = await Promise.all(
    templates.map(async ({ code, label }) => {
      const { executionId } = await client.run(code, label === undefined ? {} : { label })
      return readRecorded(database, executionId)
    }),
  )
  const pattern = templates.flatMap(({ share }, n) => Array<Recorded>(share).fill(recorded[n]!))
  const now = Date.now()
  for (let from = 0; from < count; from += batchSize) {
    const copies = Array.from({ length: Math.min(batchSize, count - from) }, (_, n) => {
      const number = from + n
      return copyOf(
        pattern[(number * 37) % pattern.length]!,
        now - (number + 1) * distanceMs - ((number * 7_919) % 5_000),
      )
    })
    await insertRecorded(database, copies)
  }
}
