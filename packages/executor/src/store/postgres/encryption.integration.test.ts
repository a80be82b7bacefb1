import { randomBytes } from 'node:crypto'

import { newSessionId, type Notify } from '@codemode/shared'
import { expect, test } from 'vitest'

import { parseEncryptionKeys } from '../../encryption-keys.ts'
import type { ExecutionFacts } from '../execution-store.ts'
import type { OutgoingNotification } from '../stored-notification.ts'
import { wakeExpired } from './maintenance.ts'
import {
  answer,
  complete,
  newExecution,
  openParts,
  query,
  startStore,
  useServer,
  worker,
} from './postgres-store.test-support.ts'
import { bounds, endStep, sessionFacts } from './sessions/sessions.test-support.ts'

const servers = useServer()
const newKey = (id: string) => parseEncryptionKeys([`${id}:${randomBytes(32).toString('base64')}`])[0]!

/** Text in everything that a test stores and nobody may read. */
const canary = 'canary-7f3a'
const callback = { url: `https://example.com/${canary}`, token: `${canary}-of-16-or-more` }
const notify = {
  url: `https://app.example/${canary}`,
  secret: `whsec_${canary}`,
  events: ['approval.requested', 'finished'],
} satisfies Notify

/** Returns an execution whose code, input, callback and receiver of notifications have the canary. */
function secretExecution(facts: Parameters<typeof newExecution>[0] = {}) {
  const execution = newExecution({ label: 'visible-label', callback, notify, ...facts })
  const secrets = { code: `return '${canary}'`, input: `"${canary}"`, context: `{"a":"${canary}"}`, config: canary }
  return { ...execution, header: { ...execution.header, ...secrets } }
}

/** Returns all rows of all tables of the store and of its job queue as text. */
async function dump(url: string): Promise<string> {
  const tables = await query(
    url,
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema like 'codemode%'",
  )
  const rows = await Promise.all(tables.map(({ name }) => query(url, `select t::text as text from ${String(name)} t`)))
  return rows.flatMap((table) => table.map(({ text }) => String(text))).join('\n')
}

test('no table has code, input, answers, errors, messages, notifications or the callback in clear text', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url, { encryptionKeys: [newKey('k1')] })
  const execution = secretExecution()
  const { id } = execution.facts
  const posted = { kind: 'cancel', reason: canary } as const
  const error = { name: 'Error', code: 'GUEST_ERROR', message: canary, retryable: false } as never
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const working = store.work(
    worker('a', async (lease) => {
      try {
        await lease.append([answer(1, canary), answer(2, canary)])
        await store.post('acme', id, posted)
        expect((await lease.messages()).map(({ message }) => message)).toEqual([posted])
        const before = await dump(url)
        expect(before).toContain('visible-label')
        expect(before).toMatch(/aes:k1:.*aes:k1:/)
        expect(before).not.toContain(canary)
        await lease.finish([answer(3, canary)], { status: 'failed', finishedAt: Date.now(), error })
        resolve()
      } catch (failure) {
        reject(failure)
      }
    }),
  )
  await store.create(execution)
  await promise
  await working.stop()
  expect(await dump(url)).not.toContain(canary)
  expect(await store.find('acme', id)).toMatchObject({ status: 'failed', error, facts: { label: 'visible-label' } })
  expect(await store.read('acme', id, 1)).toMatchObject({
    header: { ...execution.header, createdAt: expect.any(String) as string },
    entries: [{ text: canary }, { text: canary }],
  })
})

test('no table has approvals, decisions, promoted executions or recorded attached ones in clear text', async () => {
  const url = await servers.createDatabase()
  const { promise: sent, resolve: sendNotification } = Promise.withResolvers<OutgoingNotification>()
  await using store = await startStore(url, {
    encryptionKeys: [newKey('k1')],
    sendNotification: async (notification) => {
      sendNotification(notification)
      return 'down'
    },
  })
  const { facts, header } = secretExecution()
  const hidden = { tool: canary, input: `"${canary}"`, reason: canary }
  const requested = { ...hidden, call: 1, inputHash: 'hash', requestedAt: Date.now() }
  const entries = [answer(1, canary), answer(2, canary)]
  const promotion = { execution: { facts, header }, entries, requested: [requested], epoch: 1, startedAt: Date.now() }
  expect(await store.promote(promotion)).toBe(true)
  await store.setCallback('acme', facts.id, callback)
  expect(await sent).toMatchObject({
    url: notify.url,
    secret: notify.secret,
    body: expect.stringContaining(canary) as string,
  })
  const made = { decision: { decision: 'reject', reason: canary }, by: 'ann', keyId: 'key' } as const
  expect(await store.decide('acme', facts.id, { call: 1, inputHash: 'hash', made })).toMatchObject({ type: 'decided' })

  const attached = secretExecution()
  const error = { name: 'Error', code: 'GUEST_ERROR', message: canary, retryable: false } as never
  const end = { status: 'failed', finishedAt: Date.now(), error } as const
  await store.record([{ facts: attached.facts, journal: { header: attached.header, entries }, end }])

  expect(await dump(url)).not.toContain(canary)
  const [approval] = (await store.listApprovals('acme', { limit: 1 })).items
  expect(approval).toMatchObject({ ...hidden, status: 'rejected', decided: { made } })
  const { promise: claimed, resolve: claim } = Promise.withResolvers<ExecutionFacts>()
  const working = store.work(worker('node', (lease) => claim(lease.execution.facts)))
  expect(await claimed).toMatchObject({ callback })
  await working.stop()
  expect(await store.find('acme', attached.facts.id)).toMatchObject({ isAttached: true, error })
  for (const { id } of [facts, attached.facts]) {
    const { code } = header
    expect(await store.read('acme', id, 1)).toMatchObject({ header: { code }, entries: [{ text: canary }] })
  }
})

test('no table has the context of a session, or the code and variables of its steps in clear text', async () => {
  const url = await servers.createDatabase()
  const key = newKey('k1')
  await using store = await startStore(url, { encryptionKeys: [key] })
  const { sessions } = store
  const context = { secret: canary }
  const facts = sessionFacts({ label: 'visible-label', context, config: { [canary]: true } })
  await sessions.create(facts)
  const step = secretExecution()
  const variables = [{ name: canary, kind: 'let' }] as const
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const working = store.work(worker('a', (lease) => endStep(lease, { variables }).then(resolve)))
  expect(await sessions.addStep(facts.id, step, bounds)).toMatchObject({ type: 'created' })
  await ended
  const forkId = newSessionId()
  await sessions.fork('acme', facts.id, { id: forkId, label: undefined, atStep: 1 })
  const last = secretExecution()
  await working.stop()
  await sessions.addStep(forkId, last, bounds)

  const stored = await dump(url)
  expect(stored).toContain('visible-label')
  expect(stored).not.toContain(canary)
  for (const id of [facts.id, forkId]) {
    expect(await sessions.find('acme', id)).toMatchObject({ session: { facts: { context, config: facts.config } } })
    const found = (await sessions.steps('acme', id))[0]
    expect(found).toMatchObject({ code: step.header.code, variables })
  }
  const { code } = step.header
  const journals = await sessions.journalsBefore('acme', last.facts.id)
  expect(journals).toMatchObject([{ header: { code }, entries: [{ text: code }] }])

  // Without the key a session is listed without its context, and is not found.
  await using other = await startStore(url, { encryptionKeys: [newKey('k2')], onError: () => {} })
  expect(await other.sessions.list('acme', { limit: 9 })).toMatchObject([
    { facts: { id: forkId, context: {} } },
    { facts: { id: facts.id, context: {} } },
  ])
  await expect(other.sessions.find('acme', forkId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('rows whose payloads were swapped in the database are refused', async () => {
  const url = await servers.createDatabase()
  const reported: unknown[] = []
  await using store = await startStore(url, {
    encryptionKeys: [newKey('k1')],
    onError: (error) => void reported.push(error),
  })
  const [a, b] = [secretExecution(), secretExecution()]
  for (const execution of [a, b]) await store.create(execution)
  await query(url, 'update codemode.executions e set header = o.header from codemode.executions o where o.id <> e.id')
  const refused = { code: 'STORE_UNAVAILABLE' }
  for (const { facts } of [a, b]) await expect(store.read('acme', facts.id, 0)).rejects.toMatchObject(refused)
  expect(reported).toMatchObject([{ name: 'UnreadablePayload', keyId: 'k1' }])
})

test('an execution whose key is missing waits, and goes on where the key is known', async () => {
  const url = await servers.createDatabase()
  const [old, next] = [newKey('2026'), newKey('2027')]
  const execution = secretExecution()
  const { id } = execution.facts
  const made = { decision: { decision: 'approve' }, by: 'ann', keyId: 'key' } as const
  {
    await using store = await startStore(url, { encryptionKeys: [old] })
    const failed = newExecution()
    const journal = { header: failed.header, entries: [] }
    const error = { code: 'GUEST_ERROR', name: 'Error', message: canary, retryable: false } as const
    const end = { status: 'failed', finishedAt: Date.now(), error } as const
    await store.record([{ facts: failed.facts, journal, end }])
    await store.create(execution)
    await query(
      url,
      `insert into codemode.approvals (key, call, tenant, owner, status, payload, input_hash, requested_at)
       select key, 1, tenant, owner, 'pending', header, 'hash', now() from codemode.executions where id = '${id}'`,
    )
  }
  {
    const errors: unknown[] = []
    await using store = await startStore(url, {
      encryptionKeys: [next],
      onError: (error) => void errors.push(error),
    })
    const working = store.work(worker('without', () => expect.unreachable()))
    const postponed = () =>
      query(
        url,
        `select e.status from codemode.executions e, codemode_jobs.job j
         where e.status = 'queued' and e.node is null and e.epoch = 1 and j.state = 'created' and j.start_after > now() + interval '1 s'`,
      )
    await expect.poll(postponed).toEqual([{ status: 'queued' }])
    for (const read of [
      () => store.read('acme', id, 0),
      () => store.decide('acme', id, { call: 1, inputHash: 'hash', made }),
    ]) {
      await expect(read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false })
    }
    const unreadable = { message: expect.stringContaining('cannot be decrypted') as string }
    expect((await store.list('acme', { limit: 10 })).items).toMatchObject([{ facts: { id } }, { error: unreadable }])
    expect(await store.find('acme', id)).toMatchObject({ status: 'queued' })
    expect((await store.listApprovals('acme', { limit: 10 })).items).toMatchObject([
      { executionId: id, inputHash: 'hash' },
    ])
    // The expiry must not have it claimed all the time.
    await using parts = await openParts(url)
    await query(url, `update codemode.executions set expires_at = now() - interval '1 s' where id = '${id}'`)
    expect(await wakeExpired(parts.db, parts.wakeUps)).toBe(0)
    await query(url, `update codemode.executions set expires_at = now() + interval '1 h' where id = '${id}'`)
    await working.stop()
    expect(errors).toMatchObject([{ keyId: '2026' }])
  }
  await using store = await startStore(url, { encryptionKeys: [next, old] })
  const ended = Promise.withResolvers<void>()
  const working = store.work(
    worker('with', async (lease) => {
      expect(lease.header).toMatchObject({ code: execution.header.code })
      await complete(lease, answer(1, canary))
      ended.resolve()
    }),
  )
  await store.post('acme', id, { kind: 'wake' })
  await ended.promise
  await working.stop()
  expect(await store.read('acme', id, 0)).toMatchObject({ entries: [{ text: canary }] })
  expect(await query(url, 'select payload from codemode.entries')).toMatchObject([
    { payload: expect.stringMatching(/^aes:2027:/) as string },
  ])
})
