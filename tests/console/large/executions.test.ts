// The list of executions: filters, the chart, live updates, and actions on several executions.
import { randomUUID } from 'node:crypto'

import { toolLatch } from '@codemode/testkit'
import type { Codemode } from '@codemode/client'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { connectAs } from '../support/connect-as.ts'
import { executionList } from '../support/execution-list.ts'
import { tabTo } from '../support/tab-to.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()
let ada: Codemode
beforeAll(async () => {
  ada = (await connectAs(suite.executor, 'ada')).client
})
afterAll(() => ada?.close())

const newLabel = () => `label ${randomUUID()}`
const searchOf = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams)
const open = async (query: Record<string, string>) => {
  const opened = await suite.open({ as: 'ada', path: `/executions?${new URLSearchParams(query).toString()}` })
  return { ...opened, list: executionList(opened.page) }
}
/** Runs executions of which some fail, and returns their ids. */
async function runSeveral(label: string, { completed, failed }: { completed: number; failed: number }) {
  const codes = [...Array<string>(completed).fill('return 1'), ...Array<string>(failed).fill("throw new Error('no')")]
  const ids: string[] = []
  // One after the other, so that the list has them in this order.
  for (const code of codes) ids.push((await ada.run(code, { label })).executionId)
  return ids
}

test('the filters are in the URL and survive a reload', { tags: ['OP-3'] }, async () => {
  const label = newLabel()
  await runSeveral(label, { completed: 2, failed: 1 })
  const { page, list } = await open({})
  await page.getByLabel('Label').fill(label)
  // The click comes before the typed filter is applied.
  await page.getByRole('button', { name: 'Failed', exact: true }).click()
  await list.expectCount(1)
  await page.getByLabel('Time range').selectOption('7d')
  await expect.poll(() => searchOf(page)).toEqual({ label, status: 'failed', range: '7d' })
  await list.expectCount(1)
  await page.reload()
  await list.expectCount(1)
  expect(await page.getByLabel('Label').inputValue()).toBe(label)
  expect(await page.getByLabel('Time range').inputValue()).toBe('7d')
  expect(await page.getByRole('button', { name: 'Failed', exact: true }).getAttribute('aria-pressed')).toBe('true')

  await page.getByRole('button', { name: 'All', exact: true }).click()
  await list.expectCount(3)
  await page.getByLabel('Label').fill('')
  const { session, steps } = suite.executor.data.session
  await page.getByLabel('Session').fill(session)
  await expect.poll(() => searchOf(page)).toEqual({ session, range: '7d' })
  await list.expectCount(steps.length)
  // What is typed replaces the URL, so that back leads to the filters before it.
  await page.goBack()
  await expect.poll(() => searchOf(page)).toEqual({ label, status: 'failed', range: '7d' })
  await expect.poll(() => page.getByLabel('Session').inputValue()).toBe('')
  await expect.poll(() => page.getByLabel('Label').inputValue()).toBe(label)
})

test(
  'a click on a bar of the chart chooses its interval, which has as many executions as the bar says',
  { tags: ['OP-3'] },
  async () => {
    const label = newLabel()
    await runSeveral(label, { completed: 3, failed: 2 })
    const { page, list } = await open({ label, range: '1h' })
    const totals = page.locator('.chart-totals')
    await expect.poll(() => totals.innerText()).toMatch(/3 completed\s+2 failed\s+0 cancelled\s+0 in flight/)
    await list.expectCount(5)
    expect(await page.getByRole('list', { name: 'Most frequent errors' }).innerText()).toBe('GUEST_ERROR 2')

    const bar = page.locator('.chart-bar:enabled').first()
    const title = (await bar.getAttribute('title'))!
    await bar.click()
    const expected = [...title.slice(title.indexOf(': ')).matchAll(/(\d+) (completed|failed)/g)]
    await list.expectCount(expected.reduce((sum, [, count]) => sum + Number(count), 0))
    const { since, until } = searchOf(page)
    const shown = await list.count()
    await page.reload()
    await list.expectCount(shown)
    expect(searchOf(page)).toEqual({ label, range: '1h', since, until })
    await page.getByRole('button', { name: '✕' }).click()
    await list.expectCount(5)
  },
)

test('a bar of the whole data has as many executions as the list of its interval', { tags: ['OP-3'] }, async () => {
  const { page, list } = await open({})
  const bar = page.locator('.chart-bar:enabled').nth(20)
  const title = (await bar.getAttribute('title'))!
  await bar.click()
  const counts = [...title.slice(title.lastIndexOf(': ')).matchAll(/(\d+) [a-z]/g)].map(([, count]) => Number(count))
  await expect.poll(() => searchOf(page)).toHaveProperty('since')
  await list.expectCount(counts.reduce((sum, count) => sum + count, 0))
  expect(await list.count()).toBeGreaterThan(100)
})

test(
  '"In flight" has what has not ended; an execution that starts appears, and its status changes, without a reload',
  { tags: ['OP-3'] },
  async () => {
    const label = newLabel()
    await runSeveral(label, { completed: 1, failed: 0 })
    const { page, list } = await open({ label })
    await list.expectCount(1)
    await page.evaluate("document.body.setAttribute('data-kept', '')")
    const latch = toolLatch()
    const execution = await ada.withTools({ wait: latch.enter }).submit('return await tools.wait(7)', { label })
    await latch.arrived()
    const badge = list.row(execution.id).locator('.badge')
    await expect.poll(() => badge.innerText()).toBe('Waiting')
    await page.getByRole('button', { name: 'In flight', exact: true }).click()
    await list.expectCount(1)
    expect(await list.row(execution.id).count()).toBe(1)
    latch.open()
    await execution.wait()
    await list.expectCount(0)
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await expect.poll(() => badge.innerText()).toBe('Completed')
    expect(await page.locator('body[data-kept]').count()).toBe(1)
  },
)

test(
  'a click on an error code of the chart shows the executions that failed with it, until its chip is removed',
  { tags: ['OP-3'] },
  async () => {
    const label = newLabel()
    await runSeveral(label, { completed: 1, failed: 2 })
    const { executionId } = await ada.run('return (', { label })
    const { page, list } = await open({ label })
    await list.expectCount(4)
    await page.getByRole('button', { name: 'SYNTAX_ERROR', exact: true }).click()
    await list.expectCount(1)
    expect(await list.row(executionId).count()).toBe(1)
    expect(searchOf(page)).toEqual({ label, status: 'failed', error: 'SYNTAX_ERROR' })
    await page.getByText('The chart has all statuses.').waitFor()
    await page.getByRole('button', { name: 'SYNTAX_ERROR ✕' }).click()
    await list.expectCount(3)
    expect(searchOf(page)).toEqual({ label, status: 'failed' })
    await page.getByRole('button', { name: 'GUEST_ERROR', exact: true }).click()
    await list.expectCount(2)
    await page.getByRole('button', { name: '1 completed', exact: true }).click()
    await list.expectCount(1)
    expect(searchOf(page)).toEqual({ label, status: 'completed' })
  },
)

test(
  'a click beside the texts of a row opens its execution, whose page leads back to the same list, also after a reload',
  { tags: ['OP-3'] },
  async () => {
    const label = newLabel()
    const [id] = await runSeveral(label, { completed: 1, failed: 0 })
    const { page, list } = await open({ label, range: '7d' })
    await list.row(id!).locator('.cell-owner').click()
    await page.getByRole('heading', { level: 1, name: label }).waitFor()
    await page.reload()
    await page.locator('.back').click()
    await list.expectCount(1)
    expect(searchOf(page)).toEqual({ label, range: '7d' })
  },
)

test(
  'a text that is no id opens nothing, and a part of a label matches nothing; both say so',
  { tags: ['OP-3'] },
  async () => {
    const label = newLabel()
    await runSeveral(label, { completed: 1, failed: 0 })
    const { page, list } = await open({ label: label.slice(0, -1) })
    await list.expectCount(0)
    expect(await page.getByText('Labels are compared as a whole.').isVisible()).toBe(true)
    const field = page.getByLabel('Open an execution by its id')
    await field.fill('bla')
    await field.press('Enter')
    await page.getByText('No id of an execution').waitFor()
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    expect(searchOf(page)).toEqual({ label: label.slice(0, -1) })
    await field.fill('exe_')
    await page.getByText('No id of an execution').waitFor({ state: 'detached' })
  },
)

test('only executions that have failed or were cancelled are retried together', { tags: ['OP-3'] }, async () => {
  const label = newLabel()
  await runSeveral(label, { completed: 2, failed: 1 })
  const { page, list } = await open({ label })
  await list.expectCount(3)
  await page.getByLabel('Select all').click()
  await page.getByRole('button', { name: 'Retry 1' }).click()
  const dialog = page.getByRole('dialog', { name: 'Retry 1 execution', exact: true })
  await dialog.getByRole('button', { name: 'Retry 1 execution', exact: true }).click()
  await dialog.getByText('Started again: 1 of 1').waitFor()
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
  await list.expectCount(4)
  expect(await page.getByRole('toolbar').count()).toBe(0)
})

test('times are in the zone of the viewer, which the head of the list names', { tags: ['OP-3'] }, async () => {
  const { page } = await suite.open({ as: 'ada', path: '/executions', timezoneId: 'Asia/Tokyo' })
  await page.getByRole('columnheader', { name: 'Created (Asia/Tokyo)' }).waitFor()
  const time = page.locator('.table-row time').first()
  const original = (await time.getAttribute('title'))!
  expect(original).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:]{8}\.\d{3}Z$/)
  const inTokyo = new Date(Date.parse(original) + 9 * 3_600_000).toISOString()
  expect(await time.innerText()).toContain(inTokyo.slice(11, 19))
})

test('a row leads to the page of its execution, and back leads to the same list', { tags: ['OP-3'] }, async () => {
  const label = newLabel()
  const [id] = await runSeveral(label, { completed: 1, failed: 0 })
  const { page, list } = await open({ label })
  const link = list.row(id!).getByRole('link')
  await link.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: label }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`${new URL(suite.executor.consoleUrl).pathname}/executions/${id}`)
  await page.goBack()
  await list.expectCount(1)
  expect(searchOf(page)).toEqual({ label })
})

test(
  'executions that are selected with Shift are cancelled together, also where the list loses them meanwhile',
  { tags: ['OP-3'] },
  async () => {
    const label = newLabel()
    const running = []
    for (let n = 0; n < 4; n++) running.push(await ada.submit('await sleep(300_000)', { label }))
    const ids = running.map(({ id }) => id).toReversed()
    const { page, list } = await open({ label, status: 'in-flight' })
    await list.expectCount(4)
    await page.getByLabel(`Select ${ids[0]}`).click()
    await page.getByLabel(`Select ${ids[2]}`).click({ modifiers: ['Shift'] })
    await page.getByText('3 selected').waitFor()
    await page.getByRole('button', { name: 'Cancel 3' }).click()
    const dialog = page.getByRole('dialog', { name: 'Cancel 3 executions' })
    await dialog.getByRole('button', { name: 'Cancel 3 executions' }).click()
    await dialog.getByText('Cancelled: 3 of 3').waitFor()
    expect(await dialog.getByRole('progressbar').getAttribute('value')).toBe('3')
    await list.expectCount(1)
    expect(await dialog.getByText('Cancelled: 3 of 3').isVisible()).toBe(true)
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await expect.poll(() => page.getByRole('toolbar').count()).toBe(0)
    for (const execution of running.slice(1))
      expect(await execution.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
    await running[0]!.cancel('the test is over')
  },
)

test('executions are retried together; one that is refused is shown with the reason', { tags: ['OP-3'] }, async () => {
  const label = newLabel()
  const [first] = await runSeveral(label, { completed: 0, failed: 2 })
  await using session = await ada.session({ label })
  const step = await session.addStep('1 + 1', { label })
  await session.waitForAllTasks()
  const { page, list, faults } = await open({ label })
  await list.expectCount(3)
  await page.getByLabel(`Select ${step.id}`).click()
  await page.getByLabel(`Select ${first}`).click({ modifiers: ['Shift'] })
  // A step can't be repeated outside of its session, so it is not among those to retry.
  await page.getByRole('button', { name: 'Retry 2' }).click()
  const dialog = page.getByRole('dialog', { name: 'Retry 2 executions' })
  // The second retry is refused, as when its execution has just been deleted.
  faults.allowStatus(404)
  await page.route('**/retry', async (route) => {
    if (!route.request().url().includes(first!)) return route.continue()
    await route.fulfill({ status: 404, json: { error: { code: 'NOT_FOUND', message: 'There is no execution' } } })
  })
  await dialog.getByRole('button', { name: 'Retry 2 executions' }).click()
  await dialog.getByText('Started again: 1 of 2, refused: 1').waitFor()
  expect(await dialog.getByRole('listitem').innerText()).toBe(`${first} NOT_FOUND: There is no execution`)
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
  await list.expectCount(4)
})

test('new executions do not move a list in which some are selected', { tags: ['OP-3'] }, async () => {
  const label = newLabel()
  const [id] = await runSeveral(label, { completed: 1, failed: 0 })
  const { page, list } = await open({ label })
  await list.expectCount(1)
  await page.getByLabel(`Select ${id}`).click()
  await page.getByText('1 selected').waitFor()
  await runSeveral(label, { completed: 2, failed: 0 })
  const more = page.getByRole('button', { name: '2 new', exact: true })
  await more.waitFor()
  expect(await list.count()).toBe(1)
  await more.click()
  await list.expectCount(3)
  expect(await more.count()).toBe(0)
  expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(0)
})

test('the filters are set with the keyboard alone', { tags: ['OP-3'] }, async () => {
  const label = newLabel()
  const [, , failed] = await runSeveral(label, { completed: 2, failed: 1 })
  const { page, list } = await open({})
  await page.getByRole('table', { name: 'Executions' }).waitFor()
  await tabTo(page, 'Failed')
  await page.keyboard.press('Enter')
  await tabTo(page, 'Label')
  await page.keyboard.type(label)
  await tabTo(page, 'Time range')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => searchOf(page)).toEqual({ label, status: 'failed', range: expect.any(String) })
  await list.expectCount(1)
  await tabTo(page, 'Open an execution by its id')
  await page.keyboard.type(failed!)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: label }).waitFor()
})
