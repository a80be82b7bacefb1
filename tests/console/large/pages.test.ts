// Pages of the web console with data of every kind, in Chromium.
import { expect, test } from 'vitest'

import { accessibilityProblems } from '../support/axe.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

test('the page of each kind of execution is shown, without a fault', { tags: ['OP-3'] }, async () => {
  const { data } = suite.executor
  const { page, faults } = await suite.open({ as: 'ada', path: '/executions' })
  const { successes, failures, approvals, hostile, session } = data
  const groups = { ...successes, ...failures, ...approvals, ...hostile, evicted: data.evicted, crashed: data.crashed }
  const others = { takenOver: data.takenOver, attention: data.runtimeUnavailable, diverged: data.diverged }
  const ids = [...Object.values({ ...groups, ...others }), data.largeJournal, session.frozen, ...session.steps]
  for (const id of ids) {
    await page.goto(`${suite.executor.consoleUrl}/executions/${id}`)
    await page.getByText(id).first().waitFor()
  }
  expect(faults.found).toEqual([])
})

test('content of a guest is shown as text', { tags: ['OP-3'] }, async () => {
  const { data } = suite.executor
  const { page } = await suite.open({ as: 'ada' })
  for (const id of Object.values(data.hostile)) {
    await page.goto(`${suite.executor.consoleUrl}/executions/${id}`)
    await page.getByText(id).first().waitFor()
    expect(await page.locator('img, [onload], [onerror], [onfocus], a[href^="javascript:"]').count()).toBe(0)
  }
})

test.each(['light', 'dark'] as const)(
  'axe finds no problem on the pages in %s',
  { tags: ['OP-3'] },
  async (colorScheme) => {
    const { data } = suite.executor
    const { page } = await suite.open({ as: 'ada', colorScheme })
    for (const path of ['/executions', `/executions/${data.failures.thrown}`, '/approvals']) {
      await page.goto(suite.executor.consoleUrl + path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.waitForLoadState('networkidle')
      expect({ path, problems: await accessibilityProblems(page) }).toEqual({ path, problems: [] })
    }
  },
)

test('another tenant sees none of it', { tags: ['OP-3'] }, async () => {
  const { data } = suite.executor
  const { page, faults } = await suite.open({ as: 'rival', path: `/executions/${data.failures.thrown}` })
  faults.allowStatus(404)
  await page.getByText(data.failures.thrown).first().waitFor()
  expect(await page.getByText('discountOf').count()).toBe(0)
})
