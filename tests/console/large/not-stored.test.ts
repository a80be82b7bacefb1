// The console of an executor that stores nothing: it says for how long executions can be seen.
import { expect, test } from 'vitest'

import { connectAs } from '../support/connect-as.ts'
import { startConsoleExecutor } from '../support/console-executor.ts'
import { executionList } from '../support/execution-list.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole(() => startConsoleExecutor({ store: 'none', databaseUrl: undefined, retainMs: 120_000 }))
const promise = /This executor stores nothing: it shows executions for 2 min after their end \(CODEMODE_RETAIN_MS\)/

test(
  'the list, the page of an execution and empty pages say how long executions are kept',
  { tags: ['OP-3'] },
  async () => {
    const { page, faults } = await suite.open({ as: 'ada', path: '/executions' })
    await page.getByRole('heading', { name: 'There are no executions now' }).waitFor()
    expect(await page.getByText(promise).count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Show all' }).count()).toBe(0)
    expect(await page.getByLabel('Time range').count()).toBe(0)

    const { client } = await connectAs(suite.executor, 'ada')
    const { executionId } = await client.run('return 1')
    await client.close()
    const list = executionList(page)
    await list.expectCount(1)
    expect(await page.getByText(promise).count()).toBe(1)
    await list.row(executionId).getByRole('link').click()
    const kept = page.locator('.facts > div').filter({ hasText: 'Kept until' }).locator('time')
    const left = Date.parse((await kept.getAttribute('datetime'))!) - Date.now()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(120_000)

    faults.allowStatus(404)
    await page.goto(`${suite.executor.consoleUrl}/executions/${executionId.slice(0, -4)}0000`)
    await page.getByRole('heading', { name: 'There is no such execution' }).waitFor()
    expect(await page.getByText(promise).isVisible()).toBe(true)
  },
)
