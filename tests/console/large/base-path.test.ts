// A console at another path, behind a proxy that signs people in.
import { expect, test } from 'vitest'

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
