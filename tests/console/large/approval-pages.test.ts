// More approvals than a page of the inbox has.
import { expect, test } from 'vitest'

import { waitForApprovals } from '../data/approvals.ts'
import { shopTools } from '../data/shop-tools.ts'
import { connectAs } from '../support/connect-as.ts'
import { startConsoleExecutor } from '../support/console-executor.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole(startConsoleExecutor)

/** Number of approvals on a page. */
const pageSize = 50

test('each approval is on exactly one page of the inbox', { tags: ['OP-3'] }, async () => {
  const count = 2 * pageSize + 3
  const code = `await Promise.all(Array.from({ length: ${count} }, (_, n) => tools.payments.refund({ order: 'order-' + n, cents: 1_500 })))`
  const { client } = await connectAs(suite.executor, 'ada', shopTools)
  await using _ = client
  const { execution } = await waitForApprovals(client, code, { customer: 'lovelace', count })

  const { page } = await suite.open({ as: 'grace', path: '/approvals' })
  const pager = page.getByRole('navigation', { name: 'Pages of the list' })
  const next = pager.getByRole('button', { name: 'Next page' })
  const previous = pager.getByRole('button', { name: 'Previous page' })
  const cards = page.getByRole('article')
  const orders = async () => (await cards.allInnerTexts()).map((text) => /order-\d+/.exec(text)![0])
  const expectCards = (expected: number) => expect.poll(() => cards.count()).toBe(expected)

  await expectCards(pageSize)
  await page.getByLabel('9+ pending').waitFor()
  expect(await previous.count()).toBe(0)
  const first = await orders()
  const seen = new Set(first)
  await next.click()
  const newOrders = async () => (await orders()).filter((order) => !seen.has(order))
  await expect.poll(async () => (await newOrders()).length).toBe(pageSize)
  for (const order of await orders()) seen.add(order)
  await next.click()
  await expectCards(count - 2 * pageSize)
  expect(await newOrders()).toHaveLength(count - 2 * pageSize)
  expect(await next.count()).toBe(0)
  await previous.click()
  await expectCards(pageSize)
  await previous.click()
  await expect.poll(orders).toEqual(first)
  expect(await previous.count()).toBe(0)
  await execution.cancel()
})
