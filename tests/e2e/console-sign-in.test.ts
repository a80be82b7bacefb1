// Signing in to the web console of real executors, with keys that change meanwhile.
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'

import { expect, onTestFinished, test } from 'vitest'

import { api, connect, keyOf, startExecutor, startPostgres, writeKeysFile } from '@codemode/testkit'

import { consoleApi, signIn } from '../support/console-client.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function startWithKeys(tenants: Record<string, object>, config: Parameters<typeof startExecutor>[0] = {}) {
  const keys = await writeKeysFile(tenants)
  const executor = await startExecutor({ ...keys.config, ...config })
  onTestFinished(async () => {
    await executor.close({ drainMs: 0 })
    await keys[Symbol.asyncDispose]()
  })
  return { executor, writeKeys: (entries: object[]) => writeFile(keys.config.apiKeysFile!, JSON.stringify(entries)) }
}

const statusOf = async (executor: { url: string }, cookie: string, path = '/session') =>
  (await consoleApi(executor, path, { cookie })).status

test('a session reads the executions of its tenant, and only those', { tags: ['OP-3'] }, async () => {
  const { executor } = await startWithKeys({ acme: {}, rival: {} })
  await using client = connect(executor, { executorApiKey: keyOf('acme') })
  const { executionId } = await client.run('console.log("<script>alert(1)</script>"); return 1')
  const [acme, rival] = await Promise.all(['acme', 'rival'].map((tenant) => signIn(executor, keyOf(tenant))))
  const record = await consoleApi(executor, `/executions/${executionId}`, { cookie: acme! })
  expect(record.body).toMatchObject({ status: 'completed', result: 1 })
  for (const [name, value] of [
    ['x-content-type-options', 'nosniff'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['cache-control', 'no-store'],
  ] as const)
    expect(record.headers.get(name)).toBe(value)
  expect(record.headers.get('content-security-policy')).toContain("default-src 'none'")
  const events = await consoleApi(executor, `/executions/${executionId}/events`, { cookie: acme! })
  expect(events.headers.get('content-type')).toContain('text/event-stream')
  expect(events.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(events.body).toContain('event: finished')
  for (const path of ['', '/events', '/journal'])
    expect(await statusOf(executor, rival!, `/executions/${executionId}${path}`)).toBe(404)
})

test('a session ends when its key is removed, or replaced under the same id', { tags: ['OP-3'] }, async () => {
  const { executor, writeKeys } = await startWithKeys({ acme: {}, rival: {} })
  const [acme, rival] = [await signIn(executor, keyOf('acme')), await signIn(executor, keyOf('rival'))]
  expect([await statusOf(executor, acme), await statusOf(executor, rival)]).toEqual([200, 200])
  await writeKeys([{ id: 'acme', tenant: 'acme', sha256: sha256('the next key of acme') }])
  await expect.poll(() => statusOf(executor, rival)).toBe(401)
  expect(await statusOf(executor, acme)).toBe(401)
  const next = await signIn(executor, 'the next key of acme')
  expect(await statusOf(executor, next)).toBe(200)
  await writeKeys([{ id: 'acme', tenant: 'acme', sha256: sha256('the next key of acme'), rights: ['read'] }])
  await expect
    .poll(async () => (await consoleApi(executor, '/session', { cookie: next })).body.rights)
    .toEqual(['read'])
})

test('a cookie is valid on every node with the same database', { tags: ['OP-3'] }, async () => {
  await using server = await startPostgres()
  const nodes = await Promise.all([1, 2].map(() => startExecutor({ databaseUrl: server.url })))
  onTestFinished(async () => void (await Promise.all(nodes.map((node) => node.close({ drainMs: 0 })))))
  const [first, second] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
  // The first start of the store makes its tables.
  for (const node of nodes) await expect.poll(() => signIn(node)).not.toBe('')
  const cookies = await Promise.all([signIn(first), signIn(second)])
  for (const node of nodes) for (const cookie of cookies) expect(await statusOf(node, cookie)).toBe(200)
  await using other = await startExecutor()
  for (const cookie of cookies) expect(await statusOf(other, cookie)).toBe(401)
})

test('a proxy that has signed a person in gives the key in its header', { tags: ['OP-3'] }, async () => {
  const { executor } = await startWithKeys({ acme: {} }, { consoleKeyHeader: 'x-console-key' })
  const session = await consoleApi(executor, '/session', { headers: { 'x-console-key': keyOf('acme') } })
  expect(session.body).toMatchObject({ tenant: 'acme', signedInBy: 'header' })
  expect((await consoleApi(executor, '/session', { headers: { 'x-console-key': 'forged' } })).status).toBe(401)
  expect((await api(executor, '/v1/info', { key: '', headers: { 'x-console-key': keyOf('acme') } })).status).toBe(401)
})

test('the console is at its path, says so, and can be off', { tags: ['OP-3'] }, async () => {
  await using executor = await startExecutor({ consolePath: '/ops/console' })
  expect(executor.consoleUrl).toBe(`${executor.url}/ops/console`)
  const page = await fetch(`${executor.consoleUrl}/executions/exe_1`)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  await using off = await startExecutor({ console: 'off' })
  expect(off.consoleUrl).toBeUndefined()
  for (const path of ['/console', '/console/api/session']) expect((await api(off, path)).status).toBe(404)
})
