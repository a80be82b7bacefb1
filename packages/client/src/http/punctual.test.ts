import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { expect, test } from 'vitest'

import { HttpClient } from './http-client.ts'

test('a request that had to wait for its connection tells its age as of when it is sent', async () => {
  const ages: unknown[] = []
  const server = createServer((request, response) => {
    ages.push(request.headers['x-codemode-first-sent-ms-ago'])
    response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new HttpClient({
    executorUrl: `http://localhost:${port}`,
    executorApiKey: 'a-key',
    connectTimeoutMs: 5_000,
  })
  const scope = { correlationId: 'c'.repeat(16), signal: new AbortController().signal, deadlineAt: Infinity }
  const sending = client.text({ method: 'POST', path: '/', body: '{}', firstSentAt: performance.now() }, scope)
  // The request is written by now, and can't be connected while the event loop stands still.
  const until = performance.now() + 300
  while (performance.now() < until);
  expect(await sending).toMatchObject({ text: 'ok' })
  expect(ages).toHaveLength(1)
  expect(Number(ages[0])).toBeGreaterThanOrEqual(300)
  await client.close()
  server.close()
})
