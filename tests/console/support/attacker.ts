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

/** Sends a request from the page by its script, and returns what the script and what the browser get. */
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
