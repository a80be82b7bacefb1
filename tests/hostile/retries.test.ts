/** Attempts to read another owner's execution, or to approve one's own code, by a retry with other code. */
import { api, keyOf, writeKeysFile, type KeysFile } from '@codemode/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { startDurableExecutor, type DurableExecutor } from '../support/durable-executor.ts'
import { testStores, type TestStore } from '../support/test-stores.ts'

const keys = {
  acme: { owner: 'site', rights: ['run'] },
  operator: { tenant: 'acme', owner: 'operator', rights: ['run', 'operate', 'approve'] },
  editor: { tenant: 'acme', owner: 'editor', rights: ['run', 'operate', 'approve', 'read'] },
}
type Key = keyof typeof keys

let store: TestStore
let keysFile: KeysFile
let executor: DurableExecutor
/** Execution of the owner `site`, which has ended. */
let original: string

const send = (key: Key, path: string, body?: object) =>
  api(executor, `/v1/executions${path}`, { key: keyOf(key), ...(body && { body }) })
const retry = (key: Key, body: object) => send(key, `/${original}/retry`, body)
const ownerOf = async (id: string) =>
  (await send('editor', '')).body.items.find(({ executionId }: { executionId: string }) => executionId === id).owner

beforeAll(async () => {
  store = await testStores[0]!.open()
  keysFile = await writeKeysFile(keys)
  executor = await startDurableExecutor(store, { ...keysFile.config, forbidSelfApproval: true })
  const body = {
    code: 'return input.secret.length',
    input: { secret: 'of the site' },
    tools: [{ name: 'pay', requiresApproval: 'always' }],
    detached: true,
  }
  original = (await send('acme', '', body)).body.executionId
  await vi.waitUntil(async () => (await send('acme', `/${original}`)).body.status === 'completed', { timeout: 30_000 })
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  await store[Symbol.asyncDispose]()
  await keysFile[Symbol.asyncDispose]()
})

test('a key that may not read an execution reads it by no retry', { tags: ['AP-4'] }, async () => {
  const callback = { url: `${executor.url}/`, token: 'x'.repeat(16) }
  const notify = { url: `${executor.url}/`, secret: `whsec_${'A'.repeat(32)}`, events: ['finished'] }
  for (const edits of [{ code: 'return tools.pay(input)' }, { input: 1 }, { callback }, { notify }])
    expect(await retry('operator', edits)).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } })
  const { status, body } = await retry('operator', {})
  expect(status).toBe(201)
  expect(await ownerOf(body.executionId)).toBe('site')
})

test('who sends other code owns the new execution, and may not approve its calls', { tags: ['AP-4'] }, async () => {
  const { status, body } = await retry('editor', { code: 'return tools.pay({ amount: 1 })' })
  expect(status).toBe(201)
  const id: string = body.executionId
  expect(await ownerOf(id)).toBe('editor')
  const list = () => api(executor, `/v1/approvals?executionId=${id}`, { key: keyOf('editor') })
  await expect.poll(async () => (await list()).body.items).toHaveLength(1)
  const [{ callId, inputHash }] = (await list()).body.items
  const decide = (key: Key) => send(key, `/${id}/approvals/${callId}`, { decision: 'approve', inputHash })
  expect(await decide('editor')).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } })
  expect(await decide('operator')).toMatchObject({ status: 200 })
})

test('a number that would be changed is refused', async () => {
  for (const number of ['9007199254740993', '1e400']) {
    const response = await fetch(`${executor.url}/v1/executions/${original}/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keyOf('editor')}`, 'content-type': 'application/json' },
      body: `{"input":{"order":${number}}}`,
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(`The number ${number} cannot be kept`)
  }
})
