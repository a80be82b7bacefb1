/**
 * Cancels an execution when the browser disconnects: the request's signal cancels the execution, which stops the code
 * in the executor and aborts the signal of the open tool call.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'

import { CancelledError, Codemode, tool } from '@codemode/client'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const called = Promise.withResolvers<void>()
const stopped = Promise.withResolvers<void>()
const answered = Promise.withResolvers<unknown>()

await using codemode = Codemode.fromEnv({
  tools: {
    slow_report: tool({
      execute: async (_, { signal }) => {
        called.resolve()
        await once(signal, 'abort')
        stopped.resolve()
      },
    }),
  },
})

const app = new Hono()
app.get('/report', async (c) => {
  try {
    return c.json(await codemode.executeAsync('return tools.slow_report()', { signal: c.req.raw.signal }))
  } catch (error) {
    answered.resolve(error)
    if (error instanceof CancelledError) return c.body(null, 499 as never)
    throw error
  }
})

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
await once(server, 'listening')
const address = server.address()
assert(typeof address === 'object' && address !== null)

const browser = new AbortController()
const request = fetch(`http://127.0.0.1:${address.port}/report`, { signal: browser.signal })
await called.promise
browser.abort()
await assert.rejects(request, { name: 'AbortError' })

await stopped.promise
const error = await answered.promise
assert(error instanceof CancelledError)
assert.equal(codemode.stats().cancelled, 1)
server.close()
console.log('the reader disconnected, and the code and its tool call stopped')
