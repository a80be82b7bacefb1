// Rights: a key that may only read gets no control that changes something, and the executor refuses it anyway.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { timelineOf } from './support/timeline.ts'
import { useConsole } from './support/use-console.ts'
import { responsesTo, statusesOf, writeControls, writesOf } from './support/writes.ts'

const suite = useConsole()

async function controlsOn(page: Page, path: string): Promise<string[]> {
  await page.goto(suite.executor.consoleUrl + path)
  if (path.startsWith('/executions/')) await timelineOf(page)
  else await page.locator('[role=table], article').first().waitFor()
  return writeControls(page).evaluateAll((found) => found.map((control) => control.outerHTML))
}

test('a key that may only read sees no control that changes something, on any page', { tags: ['OP-3'] }, async () => {
  const { data } = suite.executor
  const { page } = await suite.open({ as: 'viewer', path: '/approvals' })
  const executions = [data.failures.toolError, data.successes.withTools, data.diverged, data.approvals.severalPending]
  const paths = [
    '/executions',
    '/approvals',
    '/approvals?status=approved',
    ...executions.map((id) => `/executions/${id}`),
  ]
  for (const path of paths) expect({ path, controls: await controlsOn(page, path) }).toEqual({ path, controls: [] })
  await page.getByText('Your key does not have the right "approve".').first().waitFor()
  expect(await page.getByRole('button', { name: 'Replay now' }).count()).toBe(1)
})

test('the same pages have controls for a key with all rights', { tags: ['OP-3'] }, async () => {
  const { data } = suite.executor
  const { page } = await suite.open({ as: 'ada', path: '/approvals' })
  const executions = [data.failures.toolError, data.diverged, data.approvals.severalPending]
  for (const path of ['/executions', '/approvals', ...executions.map((id) => `/executions/${id}`)])
    expect({ path, controls: (await controlsOn(page, path)).length }).not.toEqual({ path, controls: 0 })
})

test('the executor refuses the writes of a key that may only read', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page, faults } = await suite.open({ as: 'viewer', path: '/approvals' })
  const writes = writesOf({
    ended: data.failures.toolError,
    attention: data.diverged,
    paused: data.approvals.severalPending,
    session: data.session.session,
  })
  faults.allowStatus(403)
  expect(await statusesOf(page, `${consoleUrl}/api`, writes)).toEqual(writes.map(() => 403))
})

test('a key that decides but does not run has forms for decisions only', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page } = await suite.open({ as: 'grace', path: `/executions/${data.approvals.severalPending}` })
  await page.getByRole('article').first().getByRole('button', { name: 'Approve' }).first().waitFor()
  expect(await page.getByRole('button', { name: /^(Cancel|Retry|Try to continue)/ }).count()).toBe(0)
  await page.goto(`${consoleUrl}/executions/${data.diverged}`)
  await timelineOf(page)
  expect(await page.getByRole('button', { name: /^(Cancel|Retry|Try to continue)/ }).count()).toBe(0)
})

test('a key that only runs code operates what its owner runs, and nothing else', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page, faults } = await suite.open({ as: 'builder', path: `/executions/${data.diverged}` })
  await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor()
  expect(await page.getByRole('button', { name: 'Try to continue' }).count()).toBe(1)
  faults.allowStatus(403)
  const ofOthers = [{ path: `/executions/${data.hostile.success}/retry`, body: {} }]
  expect(await statusesOf(page, `${consoleUrl}/api`, ofOthers)).toEqual([403])
})

test('the ids of another tenant lead to the same page as unknown ones', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page, faults } = await suite.open({ as: 'rival', path: '/executions' })
  faults.allowStatus(404)
  const textOf = async (id: string) => {
    await page.goto(`${consoleUrl}/executions/${id}`)
    await page.getByRole('heading', { name: 'There is no such execution' }).waitFor()
    return (await page.getByRole('main').innerText()).replaceAll(id, 'ID')
  }
  const unknown = await textOf('exe_01a22e41-0000-7000-8000-000000000000')
  for (const id of [data.failures.thrown, data.approvals.pending, data.largeJournal])
    expect(await textOf(id)).toBe(unknown)
  await page.goto(`${consoleUrl}/executions`)
  await page.getByRole('table').getByText('secret').waitFor()
  expect(await page.getByRole('table').getByRole('row').count()).toBe(2)
})

test('the API of the console answers about another tenant as about unknown ids', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page, faults } = await suite.open({ as: 'rival', path: '/executions' })
  faults.allowStatus(404)
  const ofOthers = {
    ended: data.failures.toolError,
    attention: data.diverged,
    paused: data.approvals.severalPending,
    session: data.session.session,
  }
  const unknown = {
    ended: 'exe_01a22e41-0000-7000-8000-000000000001',
    attention: 'exe_01a22e41-0000-7000-8000-000000000002',
    paused: 'exe_01a22e41-0000-7000-8000-000000000003',
    session: 'ses_01a22e41-0000-7000-8000-000000000004',
  }
  const answersAbout = async (targets: typeof unknown) => {
    const ids = Object.values(targets)
    const writes = writesOf(targets).filter(({ path }) => ids.some((id) => path.includes(id)))
    const replays = [targets.ended, targets.paused].map((id) => ({ path: `/executions/${id}/replay`, body: {} }))
    const responses = await responsesTo(page, `${consoleUrl}/api`, [...writes, ...replays])
    return responses.map(({ status, text }) => ({
      status,
      text: ids.reduce((shown, id) => shown.replaceAll(id, 'ID'), text.replace(/cor_\w+/, 'COR')),
    }))
  }
  const answers = await answersAbout(ofOthers)
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 404))
  expect(answers).toEqual(await answersAbout(unknown))
  const read = (path: string) => page.evaluate(`fetch('${consoleUrl}/api${path}').then((response) => response.json())`)
  const since = new Date(Date.now() - 30 * 86_400_000).toISOString()
  expect(await read(`/executions/counts?since=${since}&buckets=1`)).toMatchObject({
    buckets: [{ completed: 1, failed: 0, cancelled: 0, inFlight: 0 }],
    errors: [],
  })
  expect(await read('/approvals')).toMatchObject({ items: [] })
})

test('signing out ends the session, and the back button shows nothing', { tags: ['OP-3'] }, async () => {
  const { data, consoleUrl } = suite.executor
  const { page, faults } = await suite.open({ as: 'viewer', path: '/executions' })
  await page.goto(`${consoleUrl}/executions/${data.failures.thrown}`)
  await timelineOf(page)
  const cookies = await page.context().cookies()
  faults.allowStatus(401)
  await page.getByRole('button', { name: 'Sign out' }).click()
  const isSignedOut = async () => {
    await page.getByLabel('API key').waitFor()
    expect(await page.getByText('discount').count()).toBe(0)
    expect(await page.getByRole('table').count()).toBe(0)
  }
  await isSignedOut()
  expect(await page.context().cookies()).toEqual([])
  await page.goBack()
  await isSignedOut()
  await page.goForward()
  await isSignedOut()
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', path: '/console' }])
})
