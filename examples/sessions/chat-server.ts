/**
 * Chat server with a session for each conversation: variables stay between the requests of a conversation, and many
 * conversations run at once. A conversation that has expired is answered with 410, and its user starts a new one. With the
 * argument --durable, conversations outlive the executor too, which then needs a store.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { argv } from 'node:process'

import { Codemode, ExecutorClientError } from '@codemode/client'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

await using codemode = Codemode.fromEnv()

const durable = argv.includes('--durable')
const over = 'This conversation is over. Start a new one.'
const app = new Hono()

app.post('/chat', async (c) => {
  await using session = await codemode.session({ durable, label: 'chat', idleTimeoutMs: 3_600_000 })
  return c.json({ sessionId: session.id }, 201)
})

// The body is the code that a model wrote for the message of the user.
app.post('/chat/:sessionId', async (c) => {
  await using session = await codemode.session({ id: c.req.param('sessionId') })
  if (!session.isNew) return c.json({ answer: await session.run(await c.req.text()) })
  // The executor was restarted, so the conversation has lost its variables.
  await session.close()
  return c.json({ error: over }, 410)
})

app.delete('/chat/:sessionId', async (c) => {
  const session = await codemode.session({ id: c.req.param('sessionId') })
  await session.close()
  return c.body(null, 204)
})

app.onError((error, c) => {
  if (!(error instanceof ExecutorClientError)) throw error
  return error.code === 'SESSION_EXPIRED' ? c.json({ error: over }, 410) : c.json({ error: error.message }, 422)
})

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
await once(server, 'listening')
const { port } = server.address() as AddressInfo

async function post(path: string, body = ''): Promise<{ status: number; answer?: unknown; sessionId?: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })
  return { status: response.status, ...((await response.json()) as object) }
}

async function talk(name: string): Promise<unknown> {
  const { sessionId } = await post('/chat')
  await post(`/chat/${sessionId}`, `const name = ${JSON.stringify(name)}; let messages = 1`)
  await post(`/chat/${sessionId}`, 'messages += 1; throw new Error("a failed step ruins nothing")')
  const { answer } = await post(`/chat/${sessionId}`, '`${name} has sent ${messages += 1} messages`')
  return answer
}

const names = Array.from({ length: 100 }, (_, n) => `user ${n}`)
assert.deepEqual(
  await Promise.all(names.map((name) => talk(name))),
  names.map((name) => `${name} has sent 3 messages`),
)

const { sessionId } = await post('/chat')
await fetch(`http://127.0.0.1:${port}/chat/${sessionId}`, { method: 'DELETE' })
assert.equal((await post(`/chat/${sessionId}`, '1')).status, 410)
for await (const { sessionId } of codemode.listSessions({ label: 'chat' })) {
  await (await codemode.session({ id: sessionId })).close()
}
server.close()
console.log(`${names.length} conversations at once, and one that was over`)
