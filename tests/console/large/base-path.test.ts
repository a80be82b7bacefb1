// A console at another path, behind a proxy that signs people in.
import { expect, test } from 'vitest'

import { attempt, fetchOf, startAttacker, submitOf } from '../support/attacker.ts'
import { connectAs } from '../support/connect-as.ts'
import { startConsoleExecutor } from '../support/console-executor.ts'
import { timelineOf } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const keyHeader = 'x-console-key'
const suite = useConsole(() => startConsoleExecutor({ consolePath: '/ops/console', consoleKeyHeader: keyHeader }))

test(
  'the pages, their links and their requests are below the path of the configuration',
  { tags: ['OP-3'] },
  async () => {
    const { client } = await connectAs(suite.executor, 'ada')
    await using _ = client
    const { executionId } = await client.run('return 1', { label: 'one' })
    const { page } = await suite.open({ as: 'ada', path: '/executions' })
    expect(new URL(page.url()).pathname).toBe('/ops/console/executions')
    await page.getByRole('table', { name: 'Executions' }).getByRole('link', { name: 'one' }).click()
    await page.waitForURL(`**/ops/console/executions/${executionId}**`)
    await timelineOf(page)
    await page.reload()
    await timelineOf(page)
    await page.getByRole('link', { name: 'Approvals' }).click()
    await page.getByText('Nothing waits for a decision').waitFor()
    expect(new URL(page.url()).pathname).toBe('/ops/console/approvals')
  },
)

test('a person whom the proxy has signed in needs no sign-in, and cannot sign out', { tags: ['OP-3'] }, async () => {
  const { page, faults } = await suite.open()
  faults.allowStatus(401)
  await page.getByLabel('API key').waitFor()
  await page.context().setExtraHTTPHeaders({ [keyHeader]: suite.executor.keys.ada })
  await page.goto(`${suite.executor.consoleUrl}/executions`)
  await page.getByRole('table', { name: 'Executions' }).waitFor()
  expect(await page.getByRole('button', { name: 'Sign out' }).count()).toBe(0)
})

test(
  'a page of another origin cannot write, although the proxy adds the API key to its requests',
  { tags: ['OP-3'] },
  async () => {
    const { client } = await connectAs(suite.executor, 'ada')
    await using _ = client
    const execution = await client.submit('await sleep(600_000)', { label: 'attacked', detached: true })
    const { page, faults } = await suite.open()
    await page.context().setExtraHTTPHeaders({ [keyHeader]: suite.executor.keys.ada })
    const url = `${suite.executor.consoleUrl}/api/executions/${execution.id}/cancel`
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(`http://${host}:${await startAttacker()}/`)
      const init = { method: 'POST', mode: 'no-cors', body: '{}' }
      expect((await attempt(page, url, fetchOf(url, init))).result).toBe('TypeError')
      const response = page.waitForResponse(url)
      await page.evaluate(submitOf(url))
      expect((await response).status()).toBe(403)
    }
    expect((await execution.record()).status).not.toBe('cancelled')
    // The same request from the console's own page has an effect.
    await page.goto(`${suite.executor.consoleUrl}/executions`)
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect((await attempt(page, url, fetchOf(url, init))).status).toBeLessThan(300)
    expect(await execution.wait()).toMatchObject({ error: { code: 'CANCELLED' } })
    faults.clear()
  },
)
