// More approvals than a page of the list has, all of one turn.
import type { Approval } from '@codemode/client'
import { expect, test } from 'vitest'

import { waitForApprovals } from '../data/approvals.ts'
import { shopTools } from '../data/shop-tools.ts'
import { connectAs } from '../support/connect-as.ts'
import { startConsoleExecutor } from '../support/console-executor.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole(() => startConsoleExecutor())
const count = 55
const pageSize = 50

test('approvals have pages, and those of one turn keep their order', { tags: ['OP-3'] }, async () => {
  const { client } = await connectAs(suite.executor, 'ada', shopTools)
  const { client: grace } = await connectAs(suite.executor, 'grace')
  await using _ = client
  await using __ = grace
  const code = `
    const cents = Array.from({ length: ${count} }, (_, n) => 2_000 + n)
    await Promise.allSettled(cents.map((cents) => tools.payments.refund({ order: 'a', cents })))`
  const { execution } = await waitForApprovals(client, code, { customer: 'curie' })
  const pending = () => Array.fromAsync(grace.listApprovals({ status: 'pending' }))
  await expect.poll(async () => (await pending()).length).toBe(count)

  const { page } = await suite.open({ as: 'grace', path: '/approvals' })
  const cards = page.getByRole('article')
  await expect.poll(() => cards.count()).toBe(pageSize)
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect.poll(() => cards.count()).toBe(count - pageSize)
  await page.getByRole('button', { name: 'Previous page' }).click()
  await expect.poll(() => cards.count()).toBe(pageSize)

  const requested = await pending()
  for (const approval of requested) await grace.decide(approval, { reject: 'too many' })
  await execution.wait()
  const latest = await Array.fromAsync(grace.listApprovals({ status: 'rejected', order: 'newest', limit: pageSize }))
  const idsOf = (approvals: readonly Approval[]) => approvals.map(({ callId }) => callId)
  expect(idsOf(latest)).toEqual(idsOf(requested).toReversed().slice(0, pageSize))
  await page.getByRole('button', { name: 'Rejected', exact: true }).click()
  const centsShown = async () => (await cards.allInnerTexts()).map((text) => Number(/"cents": (\d+)/.exec(text)?.[1]))
  await expect.poll(centsShown).toEqual(latest.map(({ input }) => (input as { cents: number }).cents))
})
