import { afterAll, beforeAll, expect, test } from 'vitest'
import pg from 'pg'

import type { RunningExecutor } from '@codemode/executor'
import type { Notification } from '@codemode/shared'
import { api, keyOf, startExecutor, startPostgres, writeKeysFile } from '@codemode/testkit'

import { Receiver } from '../support/receiver.ts'

const resources = new AsyncDisposableStack()
let database: pg.Client
let databaseUrl: string
let keys: object
let receiver: Receiver
let executor: RunningExecutor

const start = (notifyOrigins: string[]) =>
  startExecutor({ databaseUrl, dev: false, notifyOrigins, sandboxProcesses: 1, ...keys })

beforeAll(async () => {
  const server = resources.use(await startPostgres())
  databaseUrl = server.url
  keys = resources.use(await writeKeysFile({ acme: {}, rival: {} })).config
  receiver = resources.use(await Receiver.start())
  executor = await start([receiver.origin])
  database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  resources.defer(() => database.end())
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  await resources.disposeAsync()
})

const call = (path: string, init: Parameters<typeof api>[2] = {}) =>
  api(executor, path, { key: keyOf('acme'), ...init })

/** Submits code with a receiver of its end, and returns the id of the execution. */
async function submit(code: string, more: object = {}): Promise<string> {
  const notify = { url: `${receiver.origin}/hook`, secret: receiver.secret, events: ['finished'] }
  const { status, body } = await call('/v1/executions', { body: { code, detached: true, notify, ...more } })
  expect([status, body.error]).toEqual([202, undefined])
  return body.executionId
}

/** Returns what a receiver gets at the end of an execution. */
const messageOf = (executionId: string, outcome: object) => ({
  id: `${executionId}:finished`,
  message: {
    type: 'execution.finished',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: { executionId, correlationId: expect.stringMatching(/^cor_/), label: 'report', ...outcome },
  },
})

async function listed(query = ''): Promise<Notification[]> {
  const { status, body } = await call(`/v1/notifications${query}`)
  expect(status).toBe(200)
  return body.items
}

/** Moves the clock of the jobs to their next attempt, or to their last one. Returns the number of jobs that waited. */
async function moveClock({ isLastAttempt = false } = {}): Promise<number> {
  const { rowCount } = await database.query(
    `update codemode_jobs.job
     set start_after = now(), retry_count = case when $1 then retry_limit - 1 else retry_count end
     where name = 'notification' and state = 'retry'`,
    [isLastAttempt],
  )
  return rowCount ?? 0
}

/** Moves the clock until a number of attempts have failed. */
async function untilAttempts(attempts: number): Promise<void> {
  await expect
    .poll(async () => {
      await moveClock()
      return (await listed())[0]?.attempts
    })
    .toBeGreaterThanOrEqual(attempts)
}

test(
  'the end of an execution arrives signed, with its error, and without what the code was given, logs and returns',
  { tags: ['JB-7'] },
  async () => {
    const code = 'console.log(input); if (context.fails) throw new Error("no rows"); return input'
    const given = { input: 'a-secret', label: 'report' }
    const completed = await submit(code, given)
    await expect.poll(() => receiver.received).toHaveLength(1)
    const failed = await submit(code, { ...given, context: { fails: true } })
    await expect.poll(() => receiver.received).toHaveLength(2)
    expect(receiver.received).toEqual([
      messageOf(completed, { status: 'completed' }),
      messageOf(failed, { status: 'failed', error: { code: 'GUEST_ERROR', message: 'no rows' } }),
    ])
    expect(receiver.bodies.join()).not.toContain('a-secret')
    await expect.poll(() => listed()).toEqual([])
  },
)

test(
  'a receiver that is down, answers with a failure or redirects gets the notification with the same id once it is well',
  { tags: ['JB-7'] },
  async () => {
    await receiver.down()
    receiver.received.length = 0
    const id = `${await submit('return 1')}:finished`
    await untilAttempts(1)
    expect(await listed('?status=pending')).toMatchObject([{ id, problem: expect.stringContaining('not reached') }])
    receiver.status = 500
    await receiver.up()
    await untilAttempts(2)
    receiver.status = 307
    await expect.poll(async () => (await moveClock(), (await listed())[0]?.problem)).toContain('a redirect')
    receiver.status = 204
    await expect.poll(async () => (await moveClock(), listed())).toEqual([])
    expect(new Set(receiver.received.map((each) => each.id))).toEqual(new Set([id]))
    expect(new Set(receiver.bodies.slice(-receiver.received.length)).size).toBe(1)
  },
)

test('a dead letter is listed, and an operator of its tenant sends it again', { tags: ['JB-7'] }, async () => {
  receiver.status = 500
  const id = `${await submit('return 1')}:finished`
  await expect.poll(() => listed()).toMatchObject([{ attempts: 1 }])
  await expect.poll(() => moveClock({ isLastAttempt: true })).toBe(1)
  await expect
    .poll(() => listed('?status=dead'))
    .toMatchObject([{ id, type: 'execution.finished', status: 'dead', attempts: 2, problem: expect.any(String) }])
  const rival = { key: keyOf('rival') }
  expect((await call('/v1/notifications', rival)).body.items).toEqual([])
  const path = `/v1/notifications/${id}/resend`
  expect((await call(path, { method: 'POST', ...rival })).body.error).toMatchObject({ code: 'NOT_FOUND' })
  receiver.status = 200
  receiver.received.length = 0
  expect((await call(path, { method: 'POST' })).body).toMatchObject({ id, status: 'pending' })
  await expect.poll(() => receiver.received).toMatchObject([{ id }])
  await expect.poll(() => listed()).toEqual([])
})

test(
  'an origin is checked when the execution is submitted, and again for each attempt',
  { tags: ['JB-7'] },
  async () => {
    receiver.status = 503
    const id = `${await submit('return 1')}:finished`
    await untilAttempts(1)
    await executor.close({ drainMs: 0 })
    executor = await start(['https://other.example'])
    const arrived = receiver.received.length
    receiver.status = 200
    await expect
      .poll(async () => (await moveClock(), (await listed())[0]))
      .toMatchObject({ id, status: 'pending', problem: expect.stringContaining('CODEMODE_NOTIFY_ORIGINS') })
    expect(receiver.received).toHaveLength(arrived)
    const notify = { url: `${receiver.origin}/hook`, secret: receiver.secret, events: ['finished'] }
    const { status, body } = await call('/v1/executions', { body: { code: 'return 1', detached: true, notify } })
    expect(status).toBe(403)
    expect(body.error).toMatchObject({ code: 'CALLBACK_FORBIDDEN', message: expect.stringContaining('notify URL') })
  },
)
