import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

/** Starts a server of an attacker, with an empty page, until the end of the test. Resolves with its port. */
export async function startAttacker(): Promise<number> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,"><title>attack</title>')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/**
 * Runs a script of the page that sends a request to the URL. Resolves with the script's value and the HTTP status, or `blocked` if
 * the browser refused the response.
 */
export async function attempt(page: Page, url: string, script: string) {
  const answered = page
    .waitForEvent('requestfinished', (request) => request.url().startsWith(url))
    .then(
      async (request) => (await request.response())?.status(),
      () => 'none' as const,
    )
  const refused = page
    .waitForEvent('requestfailed', (request) => request.url().startsWith(url))
    .then(
      async (request) => (await request.response())?.status() ?? 'blocked',
      () => 'none' as const,
    )
  const result = await page.evaluate(script)
  return { result, status: await Promise.race([answered, refused]) }
}

/** Returns a script that sends a request, and whose value is the response, or the name of the error. */
export const fetchOf = (url: string, init: object) =>
  `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(async (r) => r.type + ' ' + r.status + await r.text(), (e) => e.name)`

/** Returns a script that submits a form to the URL, whose body is JSON. */
export const submitOf = (url: string) => `{
  const form = document.createElement('form')
  Object.assign(form, { method: 'post', action: ${JSON.stringify(url)}, enctype: 'text/plain' })
  const input = Object.assign(document.createElement('input'), { name: '{"reason":"', value: 'an attack"}' })
  form.append(input)
  document.body.append(form)
  form.submit()
}`
