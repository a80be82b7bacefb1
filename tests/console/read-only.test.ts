// An executor whose console is read-only, and keys that end while a page is open.
import { readFile, writeFile } from 'node:fs/promises'

import { expect, test } from 'vitest'

import { waitForApprovals } from './data/approvals.ts'
import { shopTools } from './data/shop-tools.ts'
import { connectAs } from './support/connect-as.ts'
import { startConsoleExecutor } from './support/console-executor.ts'
import { timelineOf } from './support/timeline.ts'
import { useConsole } from './support/use-console.ts'
import { statusesOf, writeControls, writesOf } from './support/writes.ts'

const suite = useConsole(() => startConsoleExecutor({ console: 'read-only' }))

/** Runs an execution that fails, and one that waits for an approval. Returns their ids. */
async function makeData() {
  const { client } = await connectAs(suite.executor, 'ada', shopTools)
  await using _ = client
  const failed = await client.run('throw new Error("odd")', { label: 'odd' })
  const code = 'await tools.payments.refund({ order: "a", cents: 2_000 })'
  const { execution } = await waitForApprovals(client, code, { customer: 'curie' })
  await expect.poll(async () => (await execution.record()).status).toBe('paused')
  return { failed: failed.executionId, paused: execution.id }
}

test('a read-only console changes nothing, also for a key with all rights', { tags: ['OP-3'] }, async () => {
  const { failed, paused } = await makeData()
  const { page, faults } = await suite.open({ as: 'ada', path: '/executions' })
  await page.getByText('Read-only', { exact: true }).waitFor()
  for (const path of ['/executions', `/executions/${failed}`, `/executions/${paused}`, '/approvals']) {
    await page.goto(suite.executor.consoleUrl + path)
    await page.locator('[role=table], [role=option], article').first().waitFor()
    expect({ path, controls: await writeControls(page).count() }).toEqual({ path, controls: 0 })
  }
  await page.getByText('This console is read-only.').waitFor()
  faults.allowStatus(403)
  const writes = writesOf({ ended: failed, attention: failed, paused, session: 'ses_unknown' })
  expect(await statusesOf(page, `${suite.executor.consoleUrl}/api`, writes)).toEqual(writes.map(() => 403))
  // A replay changes nothing.
  await page.goto(`${suite.executor.consoleUrl}/executions/${failed}`)
  await page.getByRole('button', { name: 'Replay now' }).click()
  await page.getByText('The code did the same again').waitFor()
})

test('a key that is removed leads to the sign-in page, and signing in again to the same page', async () => {
  const { failed } = await makeData()
  const { page, faults } = await suite.open({ as: 'ada', path: `/executions/${failed}?row=end` })
  await timelineOf(page)
  const { apiKeysFile, keys } = suite.executor
  const before = await readFile(apiKeysFile, 'utf8')
  const entries = JSON.parse(before) as { id: string }[]
  await writeFile(apiKeysFile, JSON.stringify(entries.filter(({ id }) => id !== 'ada')))
  faults.allowStatus(401)
  // The page asks for the pending approvals by itself.
  await page.getByLabel('API key').waitFor()
  expect(await page.getByText('odd').count()).toBe(0)
  expect(new URL(page.url()).search).toBe('?row=end')
  await page.getByLabel('API key').fill(keys.ada)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The API key is not known to this executor.').waitFor()
  await page.getByLabel('API key').fill(keys.viewer)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const timeline = await timelineOf(page)
  expect(await timeline.row('end').getAttribute('aria-selected')).toBe('true')
  await page.getByRole('banner').getByText('viewer').waitFor()
  await writeFile(apiKeysFile, before)
})
