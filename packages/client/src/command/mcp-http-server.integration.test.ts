import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'

import { expect, test } from 'vitest'

import { McpHttpServer } from './mcp-http-server.ts'

test('TRACE is refused, and is no error of the server', async () => {
  const errors: unknown[] = []
  const server = await McpHttpServer.listen({
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    handler: { fetch: () => expect.unreachable(), close: async () => {} },
    sdk: {} as never,
    report: (error) => void errors.push(error),
  })
  const [response] = (await once(request(server.url, { method: 'TRACE' }).end(), 'response')) as [IncomingMessage]
  expect(response).toMatchObject({ statusCode: 405, headers: { allow: 'DELETE, GET, POST' } })
  response.resume()
  await server.close()
  expect(errors).toEqual([])
})
