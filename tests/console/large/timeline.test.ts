// The timeline on the page of an execution: what happened, in the order of time, and the ways to find something in it.
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'

import { shopTools } from '../data/shop-tools.ts'
import { connectAs } from '../support/connect-as.ts'
import { isInView, timelineOf } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

async function open(id: string, { query = '' } = {}) {
  const { page } = await suite.open({ as: 'ada', path: `/executions/${id}${query}` })
  return { page, timeline: await timelineOf(page) }
}

const detailsOf = (page: Page, name: string) => page.getByRole('complementary', { name: `Details of ${name}` })

describe('the rows', () => {
  test('are the queue, turns, tool calls, timers and console output in their order', { tags: ['OP-3'] }, async () => {
    const { timeline } = await open(suite.executor.data.successes.withTools)
    const rows = (await timeline.rows()).filter((row) => !/^(Rebuilt|Queue|Started)/.test(row))
    expect(rows.slice(0, 5)).toEqual([
      'Turn start of the code',
      'console.log building the report for lovelace',
      'orders.list #1 completed',
      'customers.find #2 completed',
      'stock.count #3 completed',
    ])
    expect(rows.slice(rows.findIndex((row) => row.startsWith('console.info')))).toEqual([
      'console.info orders [',
      'console.debug lovelace-1 costs 19.5',
      'Timer sleep or setTimeout',
      'Turn a timer',
      'console.debug lovelace-2 costs 39',
      'Timer sleep or setTimeout',
      'Turn a timer',
      'console.debug lovelace-3 costs 58.5',
      'Timer sleep or setTimeout',
      'Turn a timer',
      'console.warn the stock has only 7 lamps',
      'mail.send #4 completed',
      'Turn answer of mail.send #4',
      expect.stringMatching(/^console\.(log|table)/),
      'Completed',
    ])
  })

  test('have the takeover by another node, and the replay after it', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.takenOver)
    const rows = await timeline.rows()
    const at = rows.findIndex((row) => row.startsWith('Taken over by a node'))
    expect(rows.slice(at - 1, at + 3)).toEqual([
      'Timer sleep or setTimeout',
      expect.stringMatching(/^Taken over by a node [0-9a-f]{8}$/),
      'Rebuilt by replay another node had the guest',
      'Turn a timer',
    ])
    await page.getByRole('searchbox', { name: 'Find rows by name' }).fill('taken over')
    await page.getByText('Taken over by a node').click()
    const details = detailsOf(page, 'Taken over by a node')
    const facts = await details.locator('dt').allInnerTexts()
    expect(facts).toEqual(['Start', 'Duration', 'Node', 'Claim', 'Previous node'])
  })

  test('have an eviction, and the replay after it', { tags: ['OP-3'] }, async () => {
    const { timeline } = await open(suite.executor.data.evicted)
    const rows = await timeline.rows()
    const at = rows.indexOf('Turn answer of reports.render #2')
    expect(rows[at - 1]).toBe('Rebuilt by replay the guest was evicted')
    const evictedAt = rows.indexOf('Evicted from memory the guest had waited for long, or memory was full')
    expect(evictedAt).toBeGreaterThan(rows.indexOf('Turn answer of orders.list #1'))
    expect(evictedAt).toBeLessThan(at - 1)
    expect(rows[at + 1]).toMatch(/^console.log rendered after \d+ ms, with the same number/)
  })

  test('of calls have the beginning of the input, and a number that is never cut', async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTools)
    const row = timeline.row('call-3')
    expect(await row.locator('.timeline-input').innerText()).toBe('{"item":"lamp"}')
    await page.setViewportSize({ width: 390, height: 700 })
    const number = (await row.locator('.row-number').boundingBox())!
    const name = (await row.locator('.timeline-name').boundingBox())!
    expect(number.x + number.width).toBeLessThanOrEqual(name.x + name.width)
    expect(await row.locator('.row-number').innerText()).toBe('#3')
  })

  test('have approvals: who decided, the edited input, and the wait without a node', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.approvals.edited)
    expect(await timeline.rows()).toEqual(
      expect.arrayContaining([
        'Parked no node holds the execution',
        expect.stringMatching(/^Continued by a node/),
        'payments.refund #2 completed',
      ]),
    )
    await expect.poll(() => timeline.row('call-2').locator('.bar.tone-approval').count()).toBe(1)
    await timeline.row('call-2').click()
    const details = detailsOf(page, 'payments.refund')
    const facts = await details.locator('dl').innerText()
    for (const fact of ['5850 cents are much', 'grace', 'Only a part of it, as agreed by phone.'])
      expect(facts).toContain(fact)
    const blocks = ['Input', 'Input as approved', 'Output'].map((name) =>
      details.getByRole('region', { name, exact: true }),
    )
    const texts = await Promise.all(blocks.map(async (block) => JSON.parse(await block.innerText()) as unknown))
    expect(texts).toEqual([
      { order: 'edited-3', cents: 5_850 },
      { order: 'edited-3', cents: 4_000 },
      { order: 'edited-3', refunded: 4_000 },
    ])
    // A block that is squeezed cannot be read.
    for (const block of blocks) expect((await block.boundingBox())!.height).toBeGreaterThan(40)
  })

  test('of a call that waits for an approval have no end, and those of a rejected one the reason', async () => {
    const { pending, rejected } = suite.executor.data.approvals
    const { page, timeline } = await open(pending, { query: '?row=call-2' })
    expect(await detailsOf(page, 'payments.refund').locator('dl').innerText()).toContain('not ended')
    expect(await timeline.row('call-2').innerText()).toContain('waits for an approval')
    await page.goto(`${suite.executor.consoleUrl}/executions/${rejected}?row=call-2`)
    const details = detailsOf(page, 'payments.refund')
    expect(await details.locator('dl').innerText()).toContain('The order is older than a year.')
  })
})

describe('filters', () => {
  test('show rows by their kind, the problems, and those with a text', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTools)
    const tools = page.getByRole('toolbar', { name: 'Timeline' })
    const all = await timeline.rows()
    await tools.getByRole('button', { name: /^Turns \d+$/ }).click()
    expect(await timeline.rows()).toEqual(all.filter((row) => !row.startsWith('Turn ')))
    await tools.getByRole('button', { name: /^Console \d+$/ }).click()
    expect((await timeline.rows()).filter((row) => row.startsWith('console'))).toEqual([])
    await tools.getByRole('button', { name: /^Turns \d+$/ }).click()
    await tools.getByRole('button', { name: /^Console \d+$/ }).click()
    await tools.getByRole('searchbox', { name: 'Find rows by name' }).fill('LAMPS')
    expect(await timeline.rows()).toEqual(['console.warn the stock has only 7 lamps'])
    await tools.getByRole('searchbox').fill('')
    await tools.getByRole('button', { name: 'Only problems' }).click()
    expect(await timeline.rows()).toEqual(['console.warn the stock has only 7 lamps'])
  })

  test('have the calls without an answer among the problems of an execution that was stopped', async () => {
    const { page, timeline } = await open(suite.executor.data.failures.withoutAnswer)
    await page.getByRole('button', { name: 'Only problems' }).click()
    expect(await timeline.rows()).toEqual([
      ...Array.from({ length: 7 }, (_, n) => `reports.render #${n + 1} no answer`),
      expect.stringMatching(/^Failed: CPU_TIMEOUT/),
    ])
  })

  test('leave of an execution that completed after a replay nothing', async () => {
    const { page, timeline } = await open(suite.executor.data.evicted)
    await page.getByRole('button', { name: 'Only problems' }).click()
    await page.getByText('No row matches').waitFor()
    expect(await timeline.list.getByRole('option').count()).toBe(0)
  })

  test('find the call whose input or output has a text', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTools)
    const find = page.getByRole('searchbox', { name: 'Find rows by name' })
    await find.fill('"item":"LAMP"')
    expect(await timeline.rows()).toEqual(['stock.count #3 completed'])
    await find.fill('lovelace-2')
    expect(await timeline.rows()).toContain('orders.list #1 completed')
    await find.fill('nothing has this text')
    await page.getByText('No row matches').waitFor()
  })

  test('leave of a failed execution what failed', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.failures.toolError)
    await page.getByRole('button', { name: 'Only problems' }).click()
    expect(await timeline.rows()).toEqual([
      'payments.charge #2 CARD_DECLINED',
      'Turn answer of payments.charge #2',
      'Failed: GUEST_ERROR The card was declined: insufficient funds.',
    ])
  })
})

describe('the time axis', () => {
  test('zooms by buttons and by the keyboard, and moves by the keyboard', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTimers)
    const zoomOut = page.getByRole('button', { name: 'Zoom out' })
    expect(await zoomOut.isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    expect(await timeline.window()).toEqual({ from: expect.closeTo(0.25, 3), to: expect.closeTo(0.75, 3) })
    await zoomOut.click()
    expect(await timeline.window()).toEqual({ from: 0, to: 1 })
    await timeline.list.focus()
    await page.keyboard.press('+')
    await page.keyboard.press('+')
    const zoomed = await timeline.window()
    expect(zoomed.to - zoomed.from).toBeCloseTo(0.25, 3)
    await page.keyboard.press('ArrowRight')
    expect((await timeline.window()).from).toBeCloseTo(zoomed.from + 0.05, 3)
    for (let n = 0; n < 20; n++) await page.keyboard.press('ArrowLeft')
    expect(await timeline.window()).toEqual({ from: 0, to: expect.closeTo(0.25, 3) })
    await page.keyboard.press('-')
    expect((await timeline.window()).to).toBeCloseTo(0.5, 3)
    await page.keyboard.press('0')
    expect(await timeline.window()).toEqual({ from: 0, to: 1 })
    await page.keyboard.press('+')
    await page.getByRole('button', { name: 'Show all', exact: true }).click()
    expect(await timeline.window()).toEqual({ from: 0, to: 1 })
  })

  test('zooms by the wheel around the pointer with Control, and moves with Shift', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTimers)
    const track = (await page.locator('.timeline-head .timeline-track').boundingBox())!
    const at = (share: number) => page.mouse.move(track.x + track.width * share, track.y + 60)
    await at(0)
    await page.keyboard.down('Control')
    for (let n = 0; n < 4; n++) await page.mouse.wheel(0, -100)
    await page.keyboard.up('Control')
    await expect.poll(async () => (await timeline.window()).to).toBeCloseTo(1 / 1.2 ** 4, 2)
    expect((await timeline.window()).from).toBeCloseTo(0, 2)
    await page.keyboard.down('Shift')
    await page.mouse.wheel(0, 200)
    await page.keyboard.up('Shift')
    await expect.poll(async () => (await timeline.window()).from).toBeGreaterThan(0.02)
    // The page itself was neither zoomed nor scrolled.
    expect(await page.evaluate('[visualViewport.scale, scrollX]')).toEqual([1, 0])
  })

  test('shows the part over which the pointer is dragged in the overview, and all after a click', async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTimers)
    const { x, y, width, height } = (await page.locator('.minimap canvas').boundingBox())!
    const at = (share: number) => page.mouse.move(x + width * share, y + height / 2)
    await at(0.6)
    await page.mouse.down()
    await at(0.5)
    await at(0.2)
    await page.mouse.up()
    expect(await timeline.window()).toEqual({ from: expect.closeTo(0.2, 2), to: expect.closeTo(0.6, 2) })
    await at(0.9)
    await page.mouse.down()
    await page.mouse.up()
    expect(await timeline.window()).toEqual({ from: 0, to: 1 })
  })

  test('draws waits short, or to scale', { tags: ['OP-3'] }, async () => {
    const { client } = await connectAs(suite.executor, 'ada', shopTools)
    await using _ = client
    const code = "await tools.stock.count({ item: 'lamp' })\nawait sleep(2_000)"
    const { executionId } = await client.run(code, { label: 'sleeps' })
    const { page, timeline } = await open(executionId)
    const wait = timeline.row('timer-3').locator('.bar')
    const shorten = page.getByRole('button', { name: 'Shorten waits' })
    expect(await shorten.getAttribute('aria-pressed')).toBe('true')
    const labels = () => page.locator('.tick').allInnerTexts()
    const [width, before] = [(await wait.boundingBox())!.width, await labels()]
    await shorten.click()
    expect(await shorten.getAttribute('aria-pressed')).toBe('false')
    expect([(await wait.boundingBox())!.width, await labels()]).not.toEqual([width, before])
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await shorten.click()
    // The same time is shown: the middle of the sleep, which is short now.
    const { from, to } = await timeline.window()
    expect(to - from).toBeLessThan(1)
  })

  test('is the same in another page that has the URL, with the filters', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.approvals.edited)
    await page.getByRole('button', { name: 'Shorten waits' }).click()
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.getByRole('searchbox', { name: 'Find rows by name' }).fill('turn')
    const { from, to } = await timeline.window()
    const shown = { window: { from: expect.closeTo(from, 3), to: expect.closeTo(to, 3) }, rows: await timeline.rows() }
    await expect.poll(() => page.url()).toMatch(/view=.*waits=full|waits=full.*view=/)
    await expect.poll(() => page.url()).toContain('find=turn')
    const other = await suite.open({ as: 'ada', path: page.url().slice(suite.executor.consoleUrl.length) })
    const otherTimeline = await timelineOf(other.page)
    expect({ window: await otherTimeline.window(), rows: await otherTimeline.rows() }).toEqual(shown)
    const shorten = other.page.getByRole('button', { name: 'Shorten waits' })
    expect(await shorten.getAttribute('aria-pressed')).toBe('false')
    expect(await other.page.getByRole('searchbox', { name: 'Find rows by name' }).inputValue()).toBe('turn')
  })

  test('shows the durations of the rows that are in view only', async () => {
    const { page, timeline } = await open(suite.executor.data.successes.withTimers)
    const durationOf = (id: string) => timeline.row(id).locator('.timeline-duration')
    expect(await durationOf('turn-1').count()).toBe(1)
    await timeline.list.focus()
    await page.keyboard.press('+')
    for (let n = 0; n < 20; n++) await page.keyboard.press('ArrowRight')
    await page.keyboard.press('+')
    for (let n = 0; n < 20; n++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => durationOf('turn-1').count()).toBe(0)
  })
})

describe('a selected row', () => {
  test('is in the URL, so that its link opens it again', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.largeJournal, { query: '?row=call-5000' })
    const row = timeline.row('call-5000')
    const expectSelected = async () => {
      await detailsOf(page, 'stock.count').getByText('#5000 completed').waitFor()
      await expect.poll(() => isInView(row)).toBe(true)
      expect(await row.getAttribute('aria-selected')).toBe('true')
    }
    await expectSelected()
    await page.reload()
    await expectSelected()
    await page.setViewportSize({ width: 390, height: 600 })
    await page.reload()
    await expectSelected()
    await detailsOf(page, 'stock.count').getByRole('button', { name: 'Close the details' }).click()
    expect(new URL(page.url()).search).toBe('')
    expect(await page.getByRole('complementary').count()).toBe(0)
  })

  test('moves by the arrow keys, and stays in view', { tags: ['OP-3'] }, async () => {
    const { page, timeline } = await open(suite.executor.data.largeJournal)
    const selected = timeline.list.locator('[aria-selected=true]')
    await timeline.list.focus()
    await page.keyboard.press('ArrowDown')
    // An execution that was admitted within its first millisecond has no queue.
    await expect.poll(() => selected.getAttribute('id')).toMatch(/^row-(queue|claim-0)$/)
    for (const key of ['PageDown', 'PageDown', 'ArrowDown', 'End', 'ArrowUp', 'PageUp', 'Home']) {
      const before = await selected.getAttribute('id')
      await page.keyboard.press(key)
      await expect.poll(() => selected.getAttribute('id')).not.toBe(before)
      await expect.poll(() => isInView(selected)).toBe(true)
      const id = await selected.getAttribute('id')
      expect(`row-${new URL(page.url()).searchParams.get('row')}`).toBe(id)
      expect(await timeline.list.getAttribute('aria-activedescendant')).toBe(id)
    }
    await page.keyboard.press('Escape')
    await expect.poll(() => selected.count()).toBe(0)
    await page.keyboard.press('Home')
    await page.getByRole('button', { name: 'Close the details' }).focus()
    await page.keyboard.press('Escape')
    await expect.poll(() => selected.count()).toBe(0)
    expect(await timeline.list.evaluate((list) => list.ownerDocument.activeElement === list)).toBe(true)
  })
})
