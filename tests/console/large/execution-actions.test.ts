// What a person does about an execution: replay, download, retry, cancel, continue.
import { readFile } from 'node:fs/promises'

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import type { Journal } from '@codemode/shared'
import { replayOf } from '@codemode/testkit'

import { databaseOf } from '../../support/store-command.ts'
import { makeNeedingAttention } from '../data/needs-attention.ts'
import { shopTools } from '../data/shop-tools.ts'
import { accessibilityProblems } from '../support/axe.ts'
import { connectAs } from '../support/connect-as.ts'
import { timelineOf } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

const badge = (page: Page) => page.locator('.title .badge')
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const resultOf = (page: Page) => page.getByRole('region', { name: 'Result' }).innerText()

/** Runs code to its end, and opens its page. */
async function openEnded(code: string, input: object) {
  const { client } = await connectAs(suite.executor, 'ada')
  await using _ = client
  const { executionId } = await client.run(code, { label: 'acted on', input })
  return { ...(await suite.open({ as: 'ada', path: `/executions/${executionId}` })), executionId }
}

/** Waits for the page of a new execution that has ended, and returns its id. */
async function expectNewPage(page: Page, before: string, status: string): Promise<string> {
  await page.waitForURL((url) => /\/executions\/exe_[^/]+$/.test(url.pathname) && !url.pathname.endsWith(before))
  await expect.poll(() => badge(page).innerText()).toBe(status)
  return page.url().split('/').at(-1)!
}

test('the journal that is downloaded is one that the command "replay" accepts', { tags: ['OP-3'] }, async () => {
  const { takenOver } = suite.executor.data
  const { page } = await suite.open({ as: 'ada', path: `/executions/${takenOver}` })
  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download journal' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toBe(`${takenOver}.journal.json`)
  const journal = JSON.parse(await readFile(await download.path(), 'utf8')) as Journal
  const { exitCode, lines } = await replayOf([journal])
  expect({ exitCode, lines }).toEqual({ exitCode: 0, lines: [expect.stringContaining('as recorded in the journal')] })
})

test('a replay says that the code behaves the same, or what differs', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page } = await suite.open({ as: 'viewer', path: `/executions/${data.evicted}` })
  await press(page, 'Replay now')
  const dialog = page.getByRole('dialog', { name: 'Replay of the journal' })
  await dialog.getByText('The code did the same again: same calls, output and error. No tool was called.').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.goto(`${consoleUrl}/executions/${data.diverged}`)
  await press(page, 'Replay now')
  await dialog.getByText('The code behaved differently in turn 1.').waitFor()
  const block = (name: string) => dialog.getByRole('region', { name }).innerText()
  expect([await block('In the journal'), await block('In the replay')]).toEqual([
    expect.stringContaining('before the decision'),
    expect.stringContaining('after the decision'),
  ])
  expect(await accessibilityProblems(page)).toEqual([])
})

test('a retry runs the same code as a new execution, and goes to its page', { tags: ['OP-3'] }, async () => {
  const { page, executionId } = await openEnded('throw new Error(`odd ${input.n}`)', { n: 7 })
  await press(page, 'Retry')
  await expectNewPage(page, executionId, 'Failed')
  expect(await page.locator('.failure-title').innerText()).toContain('Error: odd 7')
})

test('a retry with changes runs the changed code with the changed input', { tags: ['OP-3'] }, async () => {
  const { page, executionId } = await openEnded('return input.n', { n: 20 })
  await press(page, 'Retry with changes…')
  const dialog = page.getByRole('dialog', { name: 'Retry with changes' })
  const [code, input] = [dialog.getByLabel('Code'), dialog.getByLabel('Input, as JSON')]
  expect([await code.inputValue(), await input.inputValue()]).toEqual(['return input.n', '{\n  "n": 20\n}'])
  await input.fill('{ "n": 21')
  expect(await dialog.locator('.problem').innerText()).not.toBe('')
  expect(await dialog.getByRole('button', { name: 'Run' }).isDisabled()).toBe(true)
  await input.fill('{ "n": 21 }')
  await code.fill("console.log('changed')\nreturn 2 * input.n")
  await dialog.getByRole('button', { name: 'Run' }).click()
  await expectNewPage(page, executionId, 'Completed')
  expect(await resultOf(page)).toBe('42')
  expect(await page.getByRole('region', { name: 'Lines of the code' }).innerText()).toContain('return 2 * input.n')
  expect(await page.getByRole('region', { name: 'Input' }).innerText()).toContain('21')
  await page.goBack()
  await expect.poll(() => page.locator('.title').innerText()).toContain(executionId)
})

test(
  'a retry of an execution that called tools asks first; if it needs a callback, it says so, and what to do instead',
  { tags: ['OP-3'] },
  async () => {
    const { failedBeforeRetry } = suite.executor.data.successes
    const { page, faults } = await suite.open({ as: 'ada', path: `/executions/${failedBeforeRetry}` })
    faults.allowStatus(400)
    await press(page, 'Retry')
    const dialog = page.getByRole('dialog', { name: 'Retry' })
    await dialog.getByText('with all its tool calls').waitFor()
    await dialog.getByRole('button', { name: 'Back' }).click()
    expect(await page.getByRole('alert').count()).toBe(0)
    await press(page, 'Retry')
    await dialog.getByRole('button', { name: 'Run it again' }).click()
    const alert = page.getByRole('alert')
    await alert.getByText('so a retry needs a callback of its own').waitFor()
    await alert.getByText('retry it in the program that has its tools').waitFor()
    expect(page.url()).toContain(failedBeforeRetry)
  },
)

test('an execution whose tools no client serves says which tools it needs, and how long it waits', async () => {
  const { client } = await connectAs(suite.executor, 'ada', shopTools)
  await using _ = client
  const code = "return await tools.stock.count({ item: 'lamp' })"
  const { id } = await client.submit(code, { detached: true, servedBy: 'resume' })
  const { page } = await suite.open({ as: 'ada', path: `/executions/${id}` })
  const notice = page.locator('.notice').filter({ hasText: `codemode.resume('${id}')` })
  await notice.waitFor()
  expect(await notice.innerText()).toMatch(/needs these tools: .*stock\.count.*\. The calls wait at most until/)
  expect(await page.locator('.facts dt').allInnerTexts()).not.toContain('Waited')
  await client.resume(id)
  await page.locator('.facts dt').getByText('Waited').waitFor()
})

test('an execution is cancelled', { tags: ['OP-3'] }, async () => {
  const { client } = await connectAs(suite.executor, 'ada')
  await using _ = client
  const execution = await client.submit("console.log('working')\nawait sleep(600_000)", { detached: true })
  const { page } = await suite.open({ as: 'ada', path: `/executions/${execution.id}` })
  await press(page, 'Cancel')
  await expect.poll(() => badge(page).innerText()).toBe('Cancelled')
  await page.getByText('The execution was cancelled: cancelled in the console').first().waitFor()
  await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor({ state: 'detached' })
  expect((await execution.record()).status).toBe('cancelled')
})

test('an execution that needs attention continues when its problem is gone', { tags: ['OP-3'] }, async () => {
  const { client } = await connectAs(suite.executor, 'ada', shopTools)
  const { client: approver } = await connectAs(suite.executor, 'grace')
  await using _ = client
  await using __ = approver
  const { diverged } = await makeNeedingAttention({ client, approver }, suite.executor)
  const { page } = await suite.open({ as: 'ada', path: `/executions/${diverged}` })
  const timeline = await timelineOf(page)
  const claims = async () => (await timeline.rows()).filter((row) => row.startsWith('Continued by a node')).length
  const before = await claims()
  await press(page, 'Try to continue')
  await expect.poll(claims).toBe(before + 1)
  await expect.poll(() => badge(page).innerText()).toBe('Needs attention')
  await databaseOf({ url: suite.executor.databaseUrl }).query(
    `update codemode.executions set header = regexp_replace(header, 'after the decision', 'before the decision') where id = $1`,
    [diverged],
  )
  await press(page, 'Try to continue')
  await expect.poll(() => badge(page).innerText()).toBe('Completed')
  await page.getByRole('list', { name: 'Console output' }).getByText('after the decision').waitFor()
})
