// Pages of other origins, in the browser of a person who is signed in: they can neither write nor read.
import { expect, onTestFinished, test } from 'vitest'

import { attempt, fetchOf, startAttacker, submitOf } from './support/attacker.ts'
import { connectAs } from './support/connect-as.ts'
import { useConsole } from './support/use-console.ts'

const suite = useConsole()

/** Opens the page of an attacker in the context of a person who is signed in. */
async function openAttack(host: string) {
  const { client } = await connectAs(suite.executor, 'ada')
  onTestFinished(() => client.close())
  const execution = await client.submit('await sleep(600_000)', { label: 'attacked', detached: true })
  onTestFinished(() => execution.cancel())
  const { page, faults } = await suite.open({ as: 'ada', path: `/executions/${execution.id}` })
  await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor()
  await page.goto(`http://${host}:${await startAttacker()}/`)
  return { page, faults, execution, api: `${suite.executor.consoleUrl}/api/executions/${execution.id}` }
}

/** Creates an element that loads the URL, and returns whether it has loaded. */
const loadOf = (tag: string, url: string) => `new Promise((resolve) => {
  const element = document.createElement('${tag}')
  element.onload = () => resolve('loaded')
  element.onerror = () => resolve('refused')
  element.src = ${JSON.stringify(url)}
  document.body.append(element)
})`

const hosts = { 'the same site': '127.0.0.1', 'another site': 'localhost' }

test.each(Object.entries(hosts))('a page of another origin of %s cannot write', { tags: ['OP-3'] }, async (_, host) => {
  const { page, faults, execution, api } = await openAttack(host)
  const url = `${api}/cancel`
  const body = '{"reason":"an attack"}'
  const posts = [
    { method: 'POST', mode: 'no-cors', credentials: 'include', body },
    { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'content-type': 'text/plain' }, body },
    { method: 'POST', mode: 'cors', credentials: 'include', body },
    { method: 'POST', mode: 'cors', credentials: 'include', headers: { 'content-type': 'application/json' }, body },
  ]
  for (const init of posts) {
    const { result, status } = await attempt(page, url, fetchOf(url, init))
    expect({ init, result }).toEqual({ init, result: 'TypeError' })
    expect([403, 'blocked']).toContain(status)
  }
  const response = page.waitForResponse(url)
  await page.evaluate(submitOf(url))
  expect((await response).status()).toBe(403)
  expect((await execution.record()).status).not.toBe('cancelled')
  faults.clear()
})

test.each(Object.entries(hosts))('a page of another origin of %s cannot read', { tags: ['OP-3'] }, async (_, host) => {
  const { page, faults, execution, api } = await openAttack(host)
  const { consoleUrl } = suite.executor
  const paths = [api, `${api}/journal`, `${consoleUrl}/api/session`, `${consoleUrl}/executions/${execution.id}`]
  for (const url of paths) {
    for (const mode of ['cors', 'no-cors'])
      expect((await attempt(page, url, fetchOf(url, { mode, credentials: 'include' }))).result).toBe('TypeError')
    for (const tag of ['script', 'img']) expect((await attempt(page, url, loadOf(tag, url))).result).toBe('refused')
  }
  faults.clear()
})

test.each(Object.entries(hosts))(
  'a page of another origin of %s can neither frame the console nor hold its window',
  { tags: ['OP-3'] },
  async (_, host) => {
    const { page, faults, api } = await openAttack(host)
    for (const url of [suite.executor.consoleUrl, api]) {
      await page.evaluate(loadOf('iframe', url))
      await expect.poll(() => page.frames().at(-1)!.url()).toMatch(/^chrome-error:/)
      expect(await page.evaluate("document.querySelector('iframe').contentDocument")).toBeNull()
      await page.evaluate("document.querySelector('iframe').remove()")
    }
    const opening = page.context().waitForEvent('page')
    await page.evaluate(`globalThis.opened = open(${JSON.stringify(`${suite.executor.consoleUrl}/executions`)})`)
    const opened = await opening
    await opened.waitForLoadState()
    expect(await opened.evaluate('opener')).toBeNull()
    expect(await page.evaluate('opened.closed')).toBe(true)
    faults.clear()
  },
)
