// The page of an execution whose journal has 20,000 entries.
import { expect, test } from 'vitest'

import { longTasksDuring } from '../support/long-tasks.ts'
import { isInView, timelineOf } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

/** CPU time in milliseconds over which a task makes the page feel slow: while it opens, and while somebody uses it. */
const limits = { open: 1_000, use: 200 }

test(
  'an execution with 20,000 entries opens, and is used, without a task that blocks the page',
  { tags: ['OP-3'] },
  async () => {
    const { page } = await suite.open({ as: 'ada', path: '/executions' })
    await page.getByRole('table', { name: 'Executions' }).waitFor()
    const opening = await longTasksDuring(page, async () => {
      // Going there from a page that is open takes no navigation, which would also have the cost of a new process.
      await page.evaluate(`history.pushState(null, '', '/console/executions/${suite.executor.data.largeJournal}')`)
      await page.evaluate(`dispatchEvent(new PopStateEvent('popstate'))`)
      await timelineOf(page)
    })
    expect(opening.filter((ms) => ms > limits.open)).toEqual([])
    const timeline = await timelineOf(page)
    expect(await page.locator('.timeline-head').innerText()).toMatch(/^2\d,\d{3} rows/)

    const scrolling = await longTasksDuring(page, async () => {
      await timeline.list.hover()
      for (let n = 0; n < 30; n++) await page.mouse.wheel(0, 2_000)
      await timeline.list.evaluate((list) => (list.scrollTop = list.scrollHeight / 2))
      await timeline.list.evaluate((list) => (list.scrollTop = list.scrollHeight))
      await timeline.row('end').waitFor()
    })
    const zooming = await longTasksDuring(page, async () => {
      const { x, y, width } = (await page.locator('.minimap canvas').boundingBox())!
      for (let n = 0; n < 5; n++) await page.getByRole('button', { name: 'Zoom in' }).click()
      await page.mouse.move(x + width * 0.2, y + 10)
      await page.mouse.down()
      for (let share = 0.2; share < 0.6; share += 0.02) await page.mouse.move(x + width * share, y + 10)
      await page.mouse.up()
      await page.getByRole('button', { name: 'Show all', exact: true }).click()
      await page.getByRole('button', { name: 'Shorten waits' }).click()
    })
    const selecting = await longTasksDuring(page, async () => {
      await timeline.list.focus()
      for (const key of ['Home', 'ArrowDown', 'PageDown', 'PageDown', 'End', 'PageUp', 'ArrowUp']) {
        await page.keyboard.press(key)
        await expect.poll(() => isInView(timeline.list.locator('[aria-selected=true]'))).toBe(true)
      }
    })
    const finding = await longTasksDuring(page, async () => {
      await page.getByRole('searchbox', { name: 'Find rows by name' }).pressSequentially('#4000 c')
      await expect.poll(() => page.locator('.timeline-head').innerText()).toMatch(/^1 row\n/)
      await page.getByRole('searchbox', { name: 'Find rows by name' }).fill('')
      await page.getByRole('searchbox', { name: 'Find rows by name' }).pressSequentially('is in no input')
      await page.getByText('No row matches').waitFor()
    })
    const actions = { scrolling, zooming, selecting, finding }
    for (const [action, durations] of Object.entries(actions))
      expect({ [action]: durations.filter((ms) => ms > limits.use) }).toEqual({ [action]: [] })
    expect(await page.locator('.timeline-row').count()).toBeLessThan(60)
  },
)
