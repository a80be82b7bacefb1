/**
 * Serves jobs over HTTP. A job outlives the server: stop it at any moment and start it again, and the jobs, their
 * results and their events are still there.
 *
 *     export CODEMODE_EXECUTOR_URL=http://127.0.0.1:8001 CODEMODE_EXECUTOR_API_KEY=try-it-out-locally
 *     node_modules/.bin/node --conditions=@codemode/source examples/durable/job-server.ts
 *     curl -H 'x-user: ada' -d 'console.log("hello"); return tools.greet()' http://127.0.0.1:8103/jobs
 *     curl -H 'x-user: ada' http://127.0.0.1:8103/jobs/exe_…
 *     curl -H 'x-user: ada' -N http://127.0.0.1:8103/jobs/exe_…/events
 */
import { env } from 'node:process'

import { Codemode, ExecutorClientError, type Execution } from '@codemode/client'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { streamSSE, type SSEStreamingApi } from 'hono/streaming'

const port = Number(env['JOBS_PORT'] ?? 8103)
const url = `http://127.0.0.1:${port}`

const codemode = Codemode.fromEnv({
  // The executor calls this address again after a restart of the server, which then needs the same secret.
  toolServer: { url: `${url}/tools`, secret: env['JOBS_SECRET'] ?? 'only-for-trying-it-out-on-this-machine' },
  executionTimeoutMs: 300_000,
  toolTimeoutMs: 120_000, // longer than a restart of the server takes
  tools: {
    // The user comes from the context, which the code can't change.
    greet: (_input: unknown, { context }) => `hello, ${context['user'] as string}`,
  },
})

const app = new Hono<{ Variables: { user: string; label: string } }>()

app.post('/tools', (c) => codemode.toolHandler(c.req.raw))

// Stands for the authentication of an application. The label of a job names the user to whom it belongs.
app.use('/jobs/*', async (c, next) => {
  const user = c.req.header('x-user')
  if (user === undefined) throw new HTTPException(401, { message: 'Send the header x-user.' })
  c.set('user', user)
  c.set('label', `job of ${user}`)
  await next()
})

app.post('/jobs', async (c) => {
  const { id } = await codemode
    .withContext({ user: c.var.user })
    .submit(await c.req.text(), { detached: true, label: c.var.label })
  return c.json({ id }, 202, { location: `/jobs/${id}` })
})

app.get('/jobs/:id', async (c) => {
  const job = await jobOf(c.req.param('id'), c.var.label)
  const { status, result, error } = await job.record()
  return c.json({ id: job.id, status, result, error: error?.message })
})

app.get('/jobs/:id/events', async (c) => {
  const job = await jobOf(c.req.param('id'), c.var.label)
  const { signal } = c.req.raw
  // A browser that reconnects sends the id of the last event that it has.
  const events = job.events({ after: c.req.header('last-event-id'), signal })
  const send = async (stream: SSEStreamingApi): Promise<void> => {
    for await (const event of events) {
      await stream.writeSSE({ id: event.id, event: event.type, data: JSON.stringify(event) })
    }
  }
  return streamSSE(c, send, async (error) => {
    if (!signal.aborted) console.error(error)
  })
})

app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse()
  if (!(error instanceof ExecutorClientError)) throw error
  const status = error.retryable ? 503 : error.code === 'NOT_FOUND' ? 404 : 400
  return c.json({ error: error.message }, status)
})

/** Returns a job of the user. To others, a job looks as if it did not exist. */
async function jobOf(id: string, label: string): Promise<Execution> {
  const job = await codemode.getExecution(id)
  if (job.label !== label) throw new HTTPException(404, { message: 'There is no such job.' })
  return job
}

serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log(`jobs are served at ${url}/jobs`))
