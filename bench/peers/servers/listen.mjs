// Serves what runs a program, behind hono on Node's http, as each peer in Node is served. A request is `{ code, input }` in
// JSON; the response is `{ value }`, or `{ error }` with the message. Reports the port as a line of JSON on descriptor 3, as
// workerd does with `--control-fd`.
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { serve } from '@hono/node-server'
import { Hono } from 'hono'

/** Tools of one request, which the programs call. All peers run them in their own process. */
export const toolsFor = (input) => ({
  echo: async (value) => value,
  wait: async ({ ms }) => {
    await delay(ms)
    return { ms }
  },
  input: async () => input,
})

/** Listens on a free port of the loopback interface, and calls `onPort` with it. */
export function listen(run, onPort = reportPort) {
  const app = new Hono()
  app.post('/run', async (context) => {
    const { code, input } = await context.req.json()
    try {
      return context.json({ value: await run(code, input) })
    } catch (error) {
      return context.json({ error: String(error) })
    }
  })
  serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => onPort(port))
}

export function reportPort(port) {
  writeSync(3, `${JSON.stringify({ port })}\n`)
}
