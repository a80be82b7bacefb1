// Hostile texts of guests, tools and clients are shown as text, on every page and for every person.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { openEverything } from './support/open-everything.ts'
import { timelineOf } from './support/timeline.ts'
import { useConsole } from './support/use-console.ts'

const suite = useConsole()

/** Elements and attributes that only markup in a text could have made. */
const foreign = [
  'img, svg, script:not([type=module]), iframe, object, embed, base, style, b, math',
  '[onload], [onerror], [onfocus], [autofocus], [srcdoc], [style*="url"]',
  'a[href^="javascript" i], a[target]',
]

/** Characters that change the order of others, or that nobody sees. */
const unseen = String.raw`[\u0000\u0007\u0008\u001b\u009b\u00ad\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]`

const isTitle = (title: string) => title.endsWith(' · Codemode console') && !new RegExp(unseen, 'u').test(title)

/** Findings in an element that shows hostile texts as text. */
const onlyText = { elements: [], unseen: null, title: expect.toSatisfy(isTitle) }

/** Returns the elements that markup of a text has made, the first character that is not seen, and the title of the page. */
function findingsIn(page: Page, selector = 'body'): Promise<unknown> {
  return page.evaluate(`(() => {
    const element = document.querySelector('${selector}')
    return {
      elements: [...element.querySelectorAll(${JSON.stringify(foreign.join())})].map(({ outerHTML }) => outerHTML),
      unseen: element.innerText.match(/${unseen}/u)?.[0].codePointAt(0) ?? null,
      title: document.title,
    }
  })()`)
}

test.each(['viewer', 'mallory'] as const)(
  'the page of a hostile execution has only its own elements, for %s',
  { tags: ['OP-3'] },
  async (person) => {
    const { page } = await suite.open({ as: person, path: '/approvals' })
    for (const id of Object.values(suite.executor.data.hostile)) {
      await openEverything(page, `${suite.executor.consoleUrl}/executions/${id}`)
      expect(await findingsIn(page)).toEqual(onlyText)
    }
  },
)

test(
  'the page shows the beginning of lines of a megabyte, until the reader asks for the rest',
  { tags: ['OP-3'] },
  async () => {
    const { success, longLines } = suite.executor.data.hostile
    const { page } = await suite.open({ as: 'viewer', path: '/approvals' })
    for (const id of [success, longLines]) {
      await page.goto(`${suite.executor.consoleUrl}/executions/${id}`)
      await timelineOf(page)
      expect(await page.locator('.cut button').count()).toBeGreaterThan(0)
      expect((await page.locator('body').innerText()).length).toBeLessThan(2 ** 18)
    }
  },
)

test('the details of the rows of a hostile execution have only their own elements', { tags: ['OP-3'] }, async () => {
  const { hostile } = suite.executor.data
  const { page } = await suite.open({ as: 'ada', path: `/executions/${hostile.success}` })
  const timeline = await timelineOf(page)
  await timeline.list.focus()
  const rows = (await timeline.rows()).length
  for (let row = 0; row < rows; row++) {
    await page.keyboard.press('ArrowDown')
    await page.locator('.details').waitFor()
    expect(await findingsIn(page, '.details')).toEqual(onlyText)
  }
})

test.each(['viewer', 'mallory'] as const)(
  'the lists of executions and approvals show hostile texts as text, for %s',
  { tags: ['OP-3'] },
  async (person) => {
    const { consoleUrl } = suite.executor
    const { page } = await suite.open({ as: person, path: '/approvals' })
    const labels = ['javascript:alert(document.domain)', '</script><script>document.title = "hacked"</script><!--']
    for (const label of labels) {
      await page.goto(`${consoleUrl}/executions?${new URLSearchParams({ label }).toString()}`)
      const table = page.getByRole('table', { name: 'Executions' })
      await table.getByText(label).first().waitFor()
      await table.getByText('<img src=x onerror="document.title=1">').first().waitFor()
      expect(await findingsIn(page)).toEqual(onlyText)
    }
    for (const status of ['', '?status=rejected']) {
      await page.goto(`${consoleUrl}/approvals${status}`)
      await page.getByText('<img src=x onerror').first().waitFor()
      expect(await findingsIn(page)).toEqual(onlyText)
    }
  },
)

test('filters in a URL, which anybody may have written, are text', { tags: ['OP-3'] }, async () => {
  const query = { label: '"><img src=x onerror=alert(1)>\u202e', status: 'constructor', range: '__proto__' }
  const path = `/executions?${new URLSearchParams(query).toString()}`
  const { page } = await suite.open({ as: 'viewer', path })
  await page.getByRole('heading', { name: 'No execution matches these filters' }).waitFor()
  expect(await findingsIn(page)).toEqual(onlyText)
})

test('characters that are not seen are named by their code points', { tags: ['OP-3'] }, async () => {
  const { hostile } = suite.executor.data
  const { page } = await suite.open({ as: 'ada', path: `/executions/${hostile.success}` })
  const heading = page.getByRole('heading', { level: 1 })
  expect(await heading.innerText()).toBe(
    '<img src=x onerror="document.title=1"><svg onload=alert(1)>userU+202E U+2066// adminU+2069 U+2067U+202Dlla ' +
      'eteledU+202CNUL U+0000, U+200B, U+FEFF, U+2028, U+00AD, U+D800 and U+DFFF',
  )
  expect(await heading.locator('.code-point').allInnerTexts()).toEqual(
    'U+202E U+2066 U+2069 U+2067 U+202D U+202C U+0000 U+200B U+FEFF U+2028 U+00AD U+D800 U+DFFF'.split(' '),
  )
  const title = await page.title()
  expect(title).toContain('user[U+202E] [U+2066]// admin')
  const log = await page.getByRole('list', { name: 'Console output' }).innerText()
  expect(log).toContain('U+001B[31mredU+001B[0m')
  await page.goto(`${suite.executor.consoleUrl}/executions/${hostile.longLines}`)
  await timelineOf(page)
  expect(await page.getByRole('region', { name: 'Lines of the code' }).innerText()).toContain('// U+0000 ccc')
})

test('a hostile input of an approval can be edited, and is text there too', { tags: ['OP-3'] }, async () => {
  const { hostile } = suite.executor.data
  const { page } = await suite.open({ as: 'grace', path: `/executions/${hostile.pendingApproval}` })
  const card = page.getByRole('article', { name: 'Approval of wipe.données' })
  await card.getByRole('button', { name: 'Edit and approve' }).click()
  expect(await card.getByRole('textbox').first().inputValue()).toContain('onerror')
  expect(await findingsIn(page)).toEqual(onlyText)
})
