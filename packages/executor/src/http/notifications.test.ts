import { newExecutionId, type Notification } from '@codemode/shared'
import { expect, test } from 'vitest'

import { testApp } from './http-app.test-support.ts'

const notify = {
  url: 'https://app.example/hook',
  secret: `whsec_${'a'.repeat(32)}`,
  events: ['finished'],
}
const request = { code: 'return 1', detached: true, notify }
const id = 'exe_1:finished'
const notification: Notification = {
  id,
  type: 'execution.finished',
  executionId: 'exe_1',
  status: 'dead',
  createdAt: '2026-01-01T00:00:00.000Z',
  attempts: 33,
}

test('the receiver of a detached execution is passed to the engine', async () => {
  const { send, engine } = testApp()
  const response = await send('POST', '/v1/executions', { body: request })
  expect(response.status).toBe(202)
  expect(engine.submissions[0]!.request.notify).toEqual(notify)
})

test.each([
  ['https://other.example/hook', 'which is not an allowed origin', 'CODEMODE_NOTIFY_ORIGINS=https://other.example'],
  ['https://user:pw@app.example/', 'has a user name', 'Give notify.url'],
])('the receiver %s is refused when the request arrives', async (url, message, suggestion) => {
  const { send, engine } = testApp()
  const { id } = engine.add('acme')
  for (const path of ['/v1/executions', `/v1/executions/${id}/retry`]) {
    const body = path.endsWith('retry') ? { notify: { ...notify, url } } : { ...request, notify: { ...notify, url } }
    const response = await send('POST', path, { body })
    expect(response.status).toBe(403)
    const { error } = (await response.json()) as { error: { message: string; suggestion: string } }
    expect(error).toMatchObject({ code: 'CALLBACK_FORBIDDEN' })
    expect(error.message).toContain(`The notify URL`)
    expect(error.message).toContain(message)
    expect(error.suggestion).toContain(suggestion)
  }
  expect(engine.submissions).toEqual([])
})

test.each([{ detached: false }, { detached: undefined, approvals: 'client' }])(
  'an attached execution that never becomes a detached one cannot notify: %o',
  async (more) => {
    const { send } = testApp()
    const response = await send('POST', '/v1/executions', { body: { ...request, ...more } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'INVALID_REQUEST', details: { path: 'notify' } } })
  },
)

test('a repeated request may have another secret of its receiver', async () => {
  const { send, engine } = testApp()
  const body = { ...request, id: newExecutionId() }
  await send('POST', '/v1/executions', { body })
  await send('POST', '/v1/executions', { body: { ...body, notify: { ...notify, secret: `whsec_${'b'.repeat(32)}` } } })
  const [first, second] = engine.submissions
  expect(second!.bodyHash).toBe(first!.bodyHash)
})

test('a key with the right "operate" lists notifications and sends one again', async () => {
  const { send, engine } = testApp()
  const seen: unknown[] = []
  engine.listNotifications = async (...given: unknown[]) => {
    seen.push(given)
    return { items: [notification], nextCursor: '7' }
  }
  engine.resendNotification = async (...given: unknown[]) => {
    seen.push(given)
    return { ...notification, status: 'pending' }
  }
  const as = { rights: ['operate'] as const }
  const listed = await send('GET', '/v1/notifications?status=dead&limit=2&cursor=5', { as })
  expect(await listed.json()).toEqual({ items: [notification], nextCursor: '7' })
  const path = `/v1/notifications/${encodeURIComponent(id)}/resend`
  const resent = await send('POST', path, { as })
  expect(resent.status).toBe(202)
  expect(await resent.json()).toMatchObject({ id, status: 'pending' })
  expect(seen).toEqual([
    ['acme', { status: 'dead', limit: 2, cursor: '5' }],
    ['acme', id],
  ])
})

test('a key without the right "operate" gets no notification, and a wrong query or id is refused', async () => {
  const { send } = testApp()
  const as = { rights: ['run', 'read', 'approve'] as const }
  for (const [method, path] of [
    ['GET', '/v1/notifications'],
    ['POST', `/v1/notifications/${id}/resend`],
  ] as const) {
    const response = await send(method, path, { as })
    expect(await response.json()).toMatchObject({ error: { code: 'FORBIDDEN', details: { missing: ['operate'] } } })
  }
  expect((await send('GET', '/v1/notifications?status=delivered')).status).toBe(400)
  expect((await send('POST', `/v1/notifications/${id}/resend`)).status).toBe(404)
})
