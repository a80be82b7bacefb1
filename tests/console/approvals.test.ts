// The inbox of approvals: each kind of decision, who may decide, and what happens if another person is faster.
import { randomUUID } from 'node:crypto'

import type { ApprovalDecision, Codemode } from '@codemode/client'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { waitForApprovals } from './data/approvals.ts'
import { shopTools } from './data/shop-tools.ts'
import { connectAs } from './support/connect-as.ts'
import { startConsoleExecutor } from './support/console-executor.ts'
import { tabTo } from './support/tab-to.ts'
import { useConsole } from './support/use-console.ts'

const suite = useConsole()
let ada: Codemode
let grace: Codemode
beforeAll(async () => {
  ada = (await connectAs(suite.executor, 'ada', shopTools)).client
  grace = (await connectAs(suite.executor, 'grace')).client
})
afterAll(async () => {
  await ada?.close()
  await grace?.close()
})

/** Starts an execution whose call waits for an approval. */
async function startRefund(client = ada) {
  const customer = randomUUID()
  const code = 'return await tools.payments.refund({ order: input.customer, cents: 1_500 })'
  const { execution, approvals } = await waitForApprovals(client, code, { customer })
  return { execution, approval: approvals[0]!, label: `refund of ${customer}` }
}

/** Returns the card of the approval of an execution. */
const cardOf = (page: Page, label: string): Locator => page.getByRole('article').filter({ hasText: label })
const openInbox = async (as: 'ada' | 'grace' | 'viewer' = 'grace') => {
  const { page, faults } = await suite.open({ as, path: '/approvals' })
  await page.getByRole('article').first().waitFor()
  return { page, faults }
}

test('a call is approved, and who approved it is shown', { tags: ['OP-3'] }, async () => {
  const { execution, label } = await startRefund()
  const { page } = await openInbox()
  const card = cardOf(page, label)
  expect(await card.innerText()).toContain('1500 cents are much')
  await card.getByLabel('Note for others').fill('as agreed')
  await card.getByRole('button', { name: 'Approve', exact: true }).last().click()
  expect(await execution.wait()).toMatchObject({ result: { refunded: 1_500 } })
  await page.getByRole('button', { name: 'Approved', exact: true }).click()
  await expect.poll(() => card.innerText()).toMatch(/Approved by grace[\s\S]*Note: as agreed/)
})

test('of those that were decided, the one that was requested last is first', { tags: ['OP-3'] }, async () => {
  const labels: string[] = []
  for (let n = 0; n < 2; n++) {
    const { execution, approval, label } = await startRefund()
    await grace.decide(approval, { approve: true })
    await execution.wait()
    labels.unshift(label)
  }
  const { page } = await suite.open({ as: 'grace', path: '/approvals?status=approved' })
  const cards = page.getByRole('article')
  await cards.first().waitFor()
  const texts = await cards.allInnerTexts()
  expect(labels.map((label) => texts.findIndex((text) => text.includes(label)))).toEqual([0, 1])
})

test(
  'the tool gets the edited input; what is refused is an error, also a number that JavaScript would change, and the call stays pending',
  { tags: ['OP-3'] },
  async () => {
    const { execution, label } = await startRefund()
    const { page, faults } = await openInbox()
    faults.allowStatus(400)
    const card = cardOf(page, label)
    await card.getByRole('button', { name: 'Edit and approve' }).click()
    const editor = card.getByLabel('Input that the tool gets')
    const submit = card.getByRole('button', { name: 'Approve with this input' })
    await editor.fill('{ "order": ')
    await card.getByText('Not valid JSON').waitFor()
    expect(await submit.isDisabled()).toBe(true)
    await editor.fill('{ "order": "none", "cents": 0 }')
    await submit.click()
    await card.getByRole('alert').waitFor()
    expect(await card.getByRole('alert').innerText()).toContain('cents')
    expect(await card.locator('.badge').innerText()).toBe('Pending')
    expect(await editor.inputValue()).toBe('{ "order": "none", "cents": 0 }')
    // A double does not have the last digit; the executor gets it and says so.
    await editor.fill('{ "order": "edited", "cents": 9007199254740993 }')
    await submit.click()
    await card.getByText('The number 9007199254740993 cannot be kept').waitFor()
    expect(await card.locator('.badge').innerText()).toBe('Pending')
    await editor.fill('{ "order": "edited", "cents": 1200 }')
    await submit.click()
    expect(await execution.wait()).toMatchObject({ result: { order: 'edited', refunded: 1_200 } })
  },
)

const decisions = [
  {
    name: 'Reject',
    decide: async (card: Locator) => {
      await card.getByLabel('Reason').fill('too late')
      await card.getByRole('button', { name: 'Reject', exact: true }).last().click()
    },
    status: 'Rejected',
    result: { error: { code: 'GUEST_ERROR', message: expect.stringContaining('too late') } },
    shown: /Rejected by grace[\s\S]*too late/,
  },
  {
    name: 'Reject',
    decide: async (card: Locator) => {
      await card.getByLabel('Reason').fill('looks like fraud')
      await card.getByLabel('End the execution').check()
      await card.getByRole('button', { name: 'Reject', exact: true }).last().click()
    },
    status: 'Rejected',
    result: { error: { code: 'APPROVAL_REJECTED' } },
    shown: /Rejected by grace[\s\S]*which ended the execution[\s\S]*looks like fraud/,
  },
  {
    name: 'Respond',
    decide: async (card: Locator) => {
      await card.getByLabel('Answer that the code gets').fill('{ "voucher": 7 }')
      await card.getByRole('button', { name: 'Send this answer' }).click()
    },
    status: 'Responded',
    result: { result: { voucher: 7 } },
    shown: /Answered in place of the tool by grace[\s\S]*"voucher": 7/,
  },
]
test.each(decisions)(
  'the decision "$name" ends as "$shown"',
  { tags: ['OP-3'] },
  async ({ name, decide, status, result, shown }) => {
    const { execution, label } = await startRefund()
    const { page } = await openInbox()
    const card = cardOf(page, label)
    await card.getByRole('button', { name, exact: true }).click()
    await decide(card)
    expect(await execution.wait()).toMatchObject(result)
    await page.getByRole('button', { name: status, exact: true }).click()
    await expect.poll(() => card.innerText()).toMatch(shown)
  },
)

test(
  'if another person is faster, the page says who decided what, and keeps what was typed',
  { tags: ['OP-3'] },
  async () => {
    const { execution, approval, label } = await startRefund()
    const { page, faults } = await openInbox('ada')
    faults.allowStatus(409)
    const card = cardOf(page, label)
    await card.getByLabel('Note for others').fill('a long note')
    const decision: ApprovalDecision = { reject: 'grace was faster' }
    await grace.decide(approval, decision)
    await execution.wait()
    await card.getByText('grace was faster').waitFor()
    expect(await card.getByLabel('Note for others').inputValue()).toBe('a long note')
    expect(await card.innerText()).toMatch(/Rejected by grace/)
  },
)

test('a decision that comes too late is refused with the reason, and nothing happens', { tags: ['OP-3'] }, async () => {
  const { execution, approval, label } = await startRefund()
  const { page, faults } = await openInbox('ada')
  faults.allowStatus(409)
  const card = cardOf(page, label)
  await card.getByLabel('Note for others').fill('a long note')
  // The request of the page arrives after the decision of the other person.
  await page.route('**/approvals/*', async (route) => {
    await grace.decide(approval, { approve: true })
    await route.continue()
  })
  await card.getByRole('button', { name: 'Reject', exact: true }).click()
  await card.getByLabel('Reason').fill('no')
  await card.getByRole('button', { name: 'Reject', exact: true }).last().click()
  await card.getByRole('alert').getByText('APPROVAL_CONFLICT').waitFor()
  expect(await execution.wait()).toMatchObject({ result: { refunded: 1_500 } })
  await expect.poll(() => card.innerText()).toMatch(/Approved by grace/)
  expect(await card.getByLabel('Note for others').inputValue()).toBe('a long note')
})

test('a key without the right "approve" sees no form', { tags: ['OP-3'] }, async () => {
  const { page } = await openInbox('viewer')
  expect(await page.getByText('Your key does not have the right "approve".').count()).toBeGreaterThan(0)
  expect(await page.locator('form, textarea').count()).toBe(0)
})

test(
  'where nobody may decide about own executions, the owner sees no form and another person does',
  { tags: ['OP-3'] },
  async () => {
    await using executor = await startConsoleExecutor({ forbidSelfApproval: true })
    const { client } = await connectAs(executor, 'ada', shopTools)
    await using _client = client
    const { execution } = await startRefund(client)
    const { page } = await suite.open({ as: 'ada', path: '/approvals', executor })
    await page.getByText('The owner of an execution may not decide about its calls').waitFor()
    expect(await page.locator('form').count()).toBe(0)
    const other = await suite.open({ as: 'grace', path: '/approvals', executor })
    await other.page.getByRole('button', { name: 'Approve', exact: true }).last().click()
    expect(await execution.wait()).toMatchObject({ result: { refunded: 1_500 } })
    // The executor ends before the contexts of the pages.
    await page.close()
    await other.page.close()
  },
)

test('a call is rejected with the keyboard alone, and the focus is visible', { tags: ['OP-3'] }, async () => {
  const { execution, label } = await startRefund()
  const { page } = await openInbox()
  const card = cardOf(page, label)
  await card.getByRole('link').focus()
  await tabTo(page, 'Reject')
  await page.keyboard.press('Space')
  await tabTo(page, 'Reason')
  await page.keyboard.type('by keyboard')
  await tabTo(page, 'End the execution')
  await page.keyboard.press('Space')
  await page.keyboard.press('Enter')
  expect(await execution.wait()).toMatchObject({ error: { code: 'APPROVAL_REJECTED' } })
})
