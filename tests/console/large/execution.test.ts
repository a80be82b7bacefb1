// The page of one execution: live updates, times, copies, paths that lead nowhere, and the layout.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'

import { toolLatch } from '@codemode/testkit'

import { accessibilityProblems } from '../support/axe.ts'
import { connectAs } from '../support/connect-as.ts'
import { layoutShiftOf, recordLayoutShifts } from '../support/layout-shift.ts'
import { timelineOf } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

const badge = (page: Page) => page.locator('.title .badge')

test('a running execution is shown live: rows, console output and status', { tags: ['OP-3'] }, async () => {
  const latch = toolLatch()
  const { client } = await connectAs(suite.executor, 'ada', { enter: latch.enter })
  await using _ = client
  const code = "console.log('before')\nawait tools.enter({})\nconsole.log('after')\nreturn 'all done'"
  const execution = await client.submit(code, { label: 'live' })
  await latch.arrived()
  const { page } = await suite.open({ as: 'ada', path: `/executions/${execution.id}` })
  const timeline = await timelineOf(page)
  expect(await badge(page).innerText()).toBe('Waiting')
  expect(await timeline.row('call-1').textContent()).toContain('#1 open')
  await page.getByText('Duration so far').waitFor()
  await page.evaluate('globalThis.wasNotReloaded = true')
  latch.open()
  await expect.poll(() => badge(page).innerText()).toBe('Completed')
  await timeline.row('end').waitFor()
  expect(await timeline.row('call-1').textContent()).toContain('#1 completed')
  expect(await page.getByRole('list', { name: 'Console output' }).innerText()).toContain('after')
  expect(await page.getByRole('region', { name: 'Result' }).innerText()).toBe('"all done"')
  expect(await page.evaluate('globalThis.wasNotReloaded')).toBe(true)
})

test('times are in the zone of the viewer, with the original on hover', { tags: ['OP-3'] }, async () => {
  const { page } = await suite.open({
    as: 'ada',
    path: `/executions/${suite.executor.data.successes.withTools}?row=call-4`,
    timezoneId: 'Asia/Kolkata',
  })
  await page.getByRole('complementary').waitFor()
  const times = await page.locator('time').all()
  expect(times.length).toBeGreaterThan(5)
  for (const time of times) {
    const original = (await time.getAttribute('title'))!
    expect(original).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const there = new Date(Date.parse(original) + 5.5 * 3_600_000).toISOString()
    const [, minutesAndOn] = /T\d\d:(\d\d:\d\d\.\d{3})Z/.exec(there)!
    expect(await time.innerText()).toContain(minutesAndOn)
  }
  expect(await page.locator('.facts time').innerText()).toContain('GMT+5:30')
})

test('after a navigation the focus is on the heading of the page', async () => {
  const { page } = await suite.open({ as: 'ada', path: '/executions' })
  const focused = () => page.evaluate("document.activeElement.closest('h1')?.innerText")
  const link = page.getByRole('table', { name: 'Executions' }).getByRole('link').first()
  await link.focus()
  await page.keyboard.press('Enter')
  await page.locator('.title h1').waitFor()
  await expect.poll(focused).toBe(await page.locator('.title h1').innerText())
  await page.keyboard.press('Shift+Tab')
  expect(await page.evaluate('document.activeElement.className')).toBe('back')
  await page.keyboard.press('Enter')
  await expect.poll(focused).toBe('Executions')
})

test('the first Tab offers to skip the header, and leads past it', { tags: ['OP-3'] }, async () => {
  const { page } = await suite.open({ as: 'ada', path: `/executions/${suite.executor.data.failures.toolError}` })
  await timelineOf(page)
  const skip = page.getByRole('link', { name: 'Skip to the content' })
  const isVisible = async () => ((await skip.boundingBox())?.x ?? -1) >= 0
  expect(await isVisible()).toBe(false)
  await page.keyboard.press('Tab')
  await expect.poll(isVisible).toBe(true)
  await page.keyboard.press('Enter')
  expect(await page.evaluate('document.activeElement.id')).toBe('content')
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.className')).toBe('back')
  await timelineOf(page)
})

test('Tab stays in a dialog, and Escape closes it and returns the focus', { tags: ['OP-3'] }, async () => {
  const path = `/executions/${suite.executor.data.failures.toolError}`
  const { page } = await suite.open({ as: 'ada', path })
  const opener = page.getByRole('button', { name: 'Retry with changes…' })
  await opener.focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  const focused = new Set<string>()
  for (let n = 0; n < 12; n++) {
    await page.keyboard.press('Tab')
    expect(await page.evaluate("document.querySelector(':focus:not(dialog, dialog *)')")).toBeNull()
    const name = await page.evaluate<string | undefined>(`(() => {
      const element = document.querySelector('dialog :focus')
      return (element?.labels?.[0] ?? element)?.textContent.trim()
    })()`)
    if (name !== undefined) focused.add(name)
  }
  expect([...focused]).toEqual(expect.arrayContaining(['✕', 'Code', 'Run']))
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await opener.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
})

test('what can be copied is copied as it is', { tags: ['OP-3'] }, async () => {
  const id = suite.executor.data.failures.toolError
  const { page } = await suite.open({ as: 'ada', path: `/executions/${id}?row=call-2` })
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const copied = async (name: string) => {
    await page
      .getByRole('button', { name: `Copy ${name}`, exact: true })
      .first()
      .click()
    await page.getByRole('button', { name: `Copied ${name}`, exact: true }).waitFor()
    return page.evaluate('navigator.clipboard.readText()')
  }
  expect(await copied('the id of the execution')).toBe(id)
  expect(await copied('the code')).toBe(
    "await tools.orders.list({ customer: 'ada' })\nawait tools.payments.charge({ cents: 1_950 })\nreturn 'paid'",
  )
  expect(await copied('link to this row')).toBe(`${suite.executor.consoleUrl}/executions/${id}?row=call-2`)
  expect(await copied('Error')).toContain('The card was declined: insufficient funds.')
  await page.goto(`${suite.executor.consoleUrl}/executions/${suite.executor.data.successes.withTimers}`)
  expect(await copied('the console output')).toMatch(/^log: attempt 1 after \d+ ms\nlog: attempt 2/)
  // A text that is cut for the eye is copied whole.
  await page.goto(`${suite.executor.consoleUrl}/executions/${suite.executor.data.hostile.success}`)
  const result = JSON.parse((await copied('Result')) as string) as { line: string }
  expect(result.line).toHaveLength(900_000)
})

describe('a path that leads nowhere', () => {
  test.each(['exe_unknown', 'exe_01a22e41-3e4e-7fbb-9820-000000000000', '%3Cimg%20src=x%3E', '..%2F..%2Fv1%2Finfo'])(
    'says that there is no such execution: %s',
    { tags: ['OP-3'] },
    async (id) => {
      const { page, faults } = await suite.open({ as: 'ada', path: '/approvals' })
      faults.allowStatus(404)
      await page.goto(`${suite.executor.consoleUrl}/executions/${id}`)
      await page.getByRole('heading', { name: 'There is no such execution' }).waitFor()
      expect(await page.getByText(decodeURIComponent(id)).count()).toBeGreaterThan(0)
      await page.getByRole('link', { name: 'Go to the executions' }).click()
      await page.getByRole('table', { name: 'Executions' }).waitFor()
    },
  )

  test.each(['/executions/%zz', '/executions/%', '/executions/a/b', '/nothing', '/executions/%E0%A4%A/x'])(
    'says that there is no such page: %s',
    { tags: ['OP-3'] },
    async (path) => {
      const { page } = await suite.open({ as: 'ada', path })
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Executions' }).click()
      await page.getByRole('table', { name: 'Executions' }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/console/executions')
    },
  )
})

describe('the layout', () => {
  const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [390, 1_280].map((width) => ({ colorScheme, width })),
  )

  test.each(looks)('is accessible: $colorScheme, $width px', { tags: ['OP-3'] }, async ({ colorScheme, width }) => {
    const { data, consoleUrl } = suite.executor
    const { page } = await suite.open({ as: 'ada', colorScheme, viewport: { width, height: 800 } })
    for (const path of [`${data.failures.toolError}?row=call-2`, data.approvals.severalPending]) {
      await page.goto(`${consoleUrl}/executions/${path}`)
      await timelineOf(page)
      expect({ path, problems: await accessibilityProblems(page) }).toEqual({ path, problems: [] })
    }
  })

  test.each(['light', 'dark'] as const)('of its dialogs is accessible: %s', { tags: ['OP-3'] }, async (colorScheme) => {
    const path = `/executions/${suite.executor.data.failures.toolError}`
    const { page } = await suite.open({ as: 'ada', path, colorScheme, viewport: { width: 390, height: 800 } })
    for (const name of ['Retry', 'Retry with changes…']) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('dialog').waitFor()
      expect({ name, problems: await accessibilityProblems(page) }).toEqual({ name, problems: [] })
      await page.getByRole('button', { name: 'Close' }).click()
    }
  })

  test('of pages that do not exist is accessible', { tags: ['OP-3'] }, async () => {
    const { page, faults } = await suite.open({ as: 'ada', viewport: { width: 390, height: 800 } })
    faults.allowStatus(404)
    for (const path of ['/nothing', '/executions/exe_01a22e41-3e4e-7fbb-9820-000000000000']) {
      await page.goto(suite.executor.consoleUrl + path)
      await page.getByRole('heading', { name: 'There is no such' }).waitFor()
      expect({ path, problems: await accessibilityProblems(page) }).toEqual({ path, problems: [] })
    }
  })

  test.each([390, 1_280])('is as wide as the window: %d px', { tags: ['OP-3'] }, async (width) => {
    const { data, consoleUrl } = suite.executor
    const { page } = await suite.open({ as: 'ada', viewport: { width, height: 800 } })
    const ids = [data.diverged, data.approvals.severalPending, data.successes.withTools, ...Object.values(data.hostile)]
    for (const path of [`${data.failures.toolError}?row=call-2`, ...ids]) {
      await page.goto(`${consoleUrl}/executions/${path}`)
      await timelineOf(page)
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      expect({ path, overflow: await page.evaluate(overflow) }).toEqual({ path, overflow: 0 })
    }
  })

  test('shifts nothing while rows are added', { tags: ['OP-3'] }, async () => {
    const latch = toolLatch()
    const { client } = await connectAs(suite.executor, 'ada', { enter: latch.enter })
    await using _ = client
    const code = `for (let n = 0; n < 5; n++) { console.log('round', n); await tools.enter({ n }) }\nreturn 'done'`
    const execution = await client.submit(code, { label: 'growing' })
    await latch.arrived()
    const { page } = await suite.open({ as: 'ada' })
    await recordLayoutShifts(page)
    await page.goto(`${suite.executor.consoleUrl}/executions/${execution.id}`)
    const timeline = await timelineOf(page)
    latch.open()
    await timeline.row('end').waitFor()
    await expect.poll(() => badge(page).innerText()).toBe('Completed')
    expect(await layoutShiftOf(page)).toSatisfy(isSmall)
  })

  test.each([390, 1_280])('shifts nothing while the page loads: %d px', { tags: ['OP-3'] }, async (width) => {
    const { data, consoleUrl } = suite.executor
    const { page } = await suite.open({ as: 'ada', viewport: { width, height: 800 } })
    await recordLayoutShifts(page)
    for (const id of [data.failures.toolError, data.successes.withTools, data.approvals.pending]) {
      await page.goto(`${consoleUrl}/executions/${id}`)
      await timelineOf(page)
      await page.waitForLoadState('networkidle')
      expect({ id, shift: await layoutShiftOf(page) }).toEqual({ id, shift: expect.toSatisfy(isSmall) })
    }
  })
})

/** Limit of "good" in the Web Vitals. */
const isSmall = (shift: number) => shift < 0.1
