// The list of executions with 10,000 of them, with none, while it loads, without an executor, and in each size and colour.
import { freePort } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { accessibilityProblems } from '../support/axe.ts'
import { startConsoleExecutor } from '../support/console-executor.ts'
import { executionList } from '../support/execution-list.ts'
import { layoutShiftOf, recordLayoutShifts } from '../support/layout-shift.ts'
import { longTasksDuring } from '../support/long-tasks.ts'
import { scrollsSideways } from '../support/scrolls-sideways.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

test(
  'a list of 10,000 executions is read while it is scrolled, without long tasks, and few of its rows are in the page',
  { tags: ['OP-3'] },
  async () => {
    const { page } = await suite.open({ as: 'ada', path: '/executions?range=31d' })
    const list = executionList(page)
    await expect.poll(list.count).toBe(200)
    const scrollTop = () => page.evaluate<number>(`document.querySelector('[aria-label="Rows"]').scrollTop`)
    await list.body.focus()
    for (let loaded = 200; loaded < 10_000; loaded = await list.count()) {
      await page.keyboard.press('End')
      await expect.poll(list.count).toBeGreaterThan(loaded)
    }
    const tasks = await longTasksDuring(page, async () => {
      await page.keyboard.press('Home')
      await expect.poll(scrollTop).toBe(0)
      await list.body.hover()
      for (let step = 0; step < 40; step++) {
        const before = await scrollTop()
        await page.mouse.wheel(0, 3_000)
        await expect.poll(scrollTop).toBeGreaterThan(before)
      }
      await page.keyboard.press('End')
    })
    expect(Math.max(0, ...tasks)).toBeLessThan(200)
    expect(await page.getByRole('row').count()).toBeLessThan(100)
  },
)

test('a page of a list that could not be read is read again, without a scroll', { tags: ['OP-3'] }, async () => {
  const { page, faults } = await suite.open({ as: 'ada', path: '/executions?range=31d' })
  const list = executionList(page)
  await expect.poll(list.count).toBe(200)
  let requests = 0
  const error = { code: 'STORE_UNAVAILABLE', message: 'The store does not answer.' }
  await page.route(/\/executions\?.*cursor=/, (route) => {
    requests += 1
    return requests === 1 ? route.fulfill({ status: 503, json: { error } }) : route.continue()
  })
  await list.body.focus()
  await page.keyboard.press('End')
  await page.getByRole('alert').getByText(error.message).waitFor()
  await expect.poll(list.count).toBe(400)
  await page.getByRole('alert').waitFor({ state: 'detached' })
  faults.clear()
})

test(
  'an executor without executions, and filters that nothing matches, say what to do',
  { tags: ['OP-3'] },
  async () => {
    const { page } = await suite.open({ as: 'rival', path: '/executions?label=nothing' })
    await page.getByRole('heading', { name: 'No execution matches these filters' }).waitFor()
    await page.getByRole('button', { name: 'Show all of the last 31 days' }).click()
    const list = executionList(page)
    await list.expectCount(1)
    expect(await list.row(suite.executor.data.ofOthers).count()).toBe(1)
  },
)

test('without the executor, the list stays and says so; it comes back by itself', { tags: ['OP-3'] }, async () => {
  await using executor = await startConsoleExecutor({ port: await freePort() })
  const { page, faults } = await suite.open({ as: 'ada', path: '/executions?range=31d', executor })
  await page.getByText('Run some code with a client of this executor').waitFor()
  await executor.stop()
  await page.getByRole('alert').getByText('The executor does not respond').waitFor()
  await executor.start()
  await page.getByRole('alert').waitFor({ state: 'detached' })
  expect(await page.getByText('Run some code with a client of this executor').isVisible()).toBe(true)
  faults.clear()
  // The executor ends before the page's context.
  await page.close()
})

test('nothing moves while the list loads', { tags: ['OP-3'] }, async () => {
  const { page } = await suite.open({ as: 'ada' })
  await recordLayoutShifts(page)
  // The responses come one after the other, so that each state is shown.
  await page.route('**/api/**', async (route) => {
    await page
      .evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)))')
      .catch(() => {})
    await route.continue()
  })
  for (const path of ['/executions', '/approvals']) {
    await page.goto(suite.executor.consoleUrl + path)
    await page.getByRole('link', { name: 'Executions' }).first().waitFor()
    await page.waitForLoadState('networkidle')
    expect({ path, shift: await layoutShiftOf(page) }).toEqual({ path, shift: expect.closeTo(0, 1) })
  }
})

const sizes = { narrow: { width: 390, height: 844 }, wide: { width: 1_680, height: 1_000 } }
const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
  (['narrow', 'wide'] as const).map((size) => ({ colorScheme, size })),
)
test.each(looks)(
  'axe finds no problem with the list, $size in $colorScheme, and the page does not scroll sideways',
  { tags: ['OP-3'] },
  async ({ colorScheme, size }) => {
    const { page } = await suite.open({ as: 'ada', path: '/executions', colorScheme, viewport: sizes[size] })
    const list = executionList(page)
    await list.expectCount(200)
    expect(await accessibilityProblems(page)).toEqual([])
    expect(await scrollsSideways(page)).toBe(false)
    await page.getByLabel('Label').fill('thrown')
    await list.row(suite.executor.data.failures.thrown).getByRole('checkbox').click()
    await page.getByText('1 selected').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Retry 1' }).click()
    await page.getByRole('dialog').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
  },
)
