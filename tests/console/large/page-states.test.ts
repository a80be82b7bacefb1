// States of the pages: loading, failed request, failed page, no data, no executor.
import { freePort } from '@codemode/testkit'
import type { Page, Route } from 'playwright-core'
import { expect, test } from 'vitest'

import { startConsoleExecutor } from '../support/console-executor.ts'
import { timelineOf } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

interface PageKind {
  readonly name: string
  readonly path: () => string
  /** Request without which the page has nothing to show. */
  readonly request: RegExp
  readonly content: (page: Page) => Promise<unknown>
}

const kinds: readonly PageKind[] = [
  {
    name: 'executions',
    path: () => '/executions',
    request: /\/api\/executions\?/,
    content: (page) => page.getByRole('table', { name: 'Executions' }).waitFor(),
  },
  {
    name: 'the execution',
    path: () => `/executions/${suite.executor.data.failures.thrown}`,
    request: /\/api\/executions\/exe_[^/]+$/,
    content: timelineOf,
  },
  {
    name: 'approvals',
    path: () => '/approvals',
    request: /\/api\/approvals\?.*limit=50/,
    content: (page) => page.getByRole('article').first().waitFor(),
  },
]

test.each(kinds)(
  'while a page reads, it has a placeholder with the name of what it reads: $name',
  { tags: ['OP-3'] },
  async ({ name, path, request, content }) => {
    const { page } = await suite.open({ as: 'ada', path: '/nothing' })
    const { promise: held, resolve: hold } = Promise.withResolvers<Route>()
    await page.route(request, (route) => hold(route), { times: 1 })
    await page.goto(suite.executor.consoleUrl + path())
    const route = await held
    const placeholder = page.getByRole('status', { name: `Loading ${name}` })
    await placeholder.waitFor()
    expect(await page.getByRole('banner').isVisible()).toBe(true)
    await route.continue()
    await content(page)
    expect(await placeholder.count()).toBe(0)
  },
)

test.each(kinds)(
  'a page whose request fails says why, and a button repeats the request: $name',
  { tags: ['OP-3'] },
  async ({ path, request, content }) => {
    const { page, faults } = await suite.open({ as: 'ada', path: '/nothing' })
    // A page that is not visible does not read again by itself.
    await page.addInitScript("Object.defineProperty(document, 'hidden', { value: true })")
    const error = { code: 'STORE_UNAVAILABLE', message: 'The store does not answer.', suggestion: 'Ask the operator.' }
    let isBroken = true
    await page.route(request, (route) =>
      isBroken ? route.fulfill({ status: 503, json: { error } }) : route.continue(),
    )
    await page.goto(suite.executor.consoleUrl + path())
    const alert = page.getByRole('alert').filter({ hasText: error.code })
    await alert.waitFor()
    expect(await alert.innerText()).toMatch(/The store does not answer\.\s+Ask the operator\./)
    expect(await page.getByRole('status', { name: 'Loading' }).count()).toBe(0)
    isBroken = false
    await alert.getByRole('button', { name: 'Try again' }).click()
    await content(page)
    await alert.waitFor({ state: 'detached' })
    faults.clear()
  },
)

test('lists without approvals say that there are none', { tags: ['OP-3'] }, async () => {
  const { page } = await suite.open({ as: 'rival', path: '/approvals' })
  await page.getByRole('heading', { name: 'Nothing waits for a decision' }).waitFor()
  await page.getByRole('button', { name: 'Responded', exact: true }).click()
  await page.getByRole('heading', { name: 'There are none' }).waitFor()
  expect(await page.getByText('Nothing waits for a decision').count()).toBe(0)
})

test('a page that fails says so; it can be tried again, and the other pages work', { tags: ['OP-3'] }, async () => {
  const { consoleUrl, data } = suite.executor
  const { page, faults } = await suite.open({ as: 'ada', path: '/approvals' })
  let isBroken = true
  // No executor sends a journal without a header.
  await page.route('**/journal', (route) => (isBroken ? route.fulfill({ json: { entries: [] } }) : route.continue()))
  await page.goto(`${consoleUrl}/executions/${data.failures.thrown}`)
  await page.getByRole('heading', { name: 'This page failed' }).waitFor()
  expect(await page.getByRole('main').innerText()).toContain('TypeError')
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Approvals' }).click()
  await page.getByRole('article').first().waitFor()
  await page.goBack()
  await page.getByRole('heading', { name: 'This page failed' }).waitFor()
  isBroken = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await timelineOf(page)
  faults.clear()
})

test('without the executor, signing in says so, and works when it is back', { tags: ['OP-3'] }, async () => {
  await using executor = await startConsoleExecutor({ port: await freePort() })
  const { page, faults } = await suite.open({ executor })
  faults.allowStatus(401)
  await page.getByLabel('API key').fill(executor.keys.ada)
  await executor.stop()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('The executor does not respond').waitFor()
  expect(await page.getByLabel('API key').inputValue()).toBe(executor.keys.ada)
  await executor.start()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'There are no executions' }).waitFor()
  faults.clear()
  // The executor ends before the page's context.
  await page.close()
})
