import type { Notify } from '@codemode/shared'
import { beforeEach, expect, test } from 'vitest'

import type { Lease } from '../execution-store.ts'
import type { OutgoingNotification, SendNotification } from '../stored-notification.ts'
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
import { Retention } from './retention.ts'

const servers = useServer()
const notify: Notify = {
  url: 'https://app.example/hook',
  secret: `whsec_${'a'.repeat(32)}`,
  events: ['approval.requested', 'finished', 'needs_attention'],
}
const requested = [{ call: 1, tool: 'pay', input: '{}', inputHash: 'a'.repeat(64), requestedAt: Date.now() }]
const dead = { status: 'dead', limit: 10 } as const

let url: string
beforeEach(async () => {
  url = await servers.createDatabase()
})

/** Returns a sender that records the attempts and answers them as the test decides. */
function recorder(outcome: (nth: number) => string | undefined | Promise<string | undefined> = () => undefined) {
  const sent: OutgoingNotification[] = []
  const sendNotification: SendNotification = async (notification) => {
    sent.push(notification)
    return outcome(sent.length)
  }
  return { sent, sendNotification }
}

/** Moves the clock of the notifications' jobs to their next attempt. */
const moveClock = () =>
  query(url, "update codemode_jobs.job set start_after = now() where name = 'notification' and state < 'active'")

/** Makes the next attempt of each notification the last one, as after a day. */
const moveClockByADay = () =>
  query(
    url,
    `update codemode_jobs.job set start_after = now(), retry_count = retry_limit - 1
     where name = 'notification' and state < 'active'`,
  )

/** Seconds from the start of an attempt to the next one, and those that are left of them. */
interface Wait {
  readonly fromStart: number
  readonly left: number
}

/** Waits until jobs wait for their next attempts, which it postpones by an hour. Resolves with the times before. */
async function untilRetries(count: number): Promise<Wait[]> {
  const waits = new Map<unknown, Wait>()
  await expect
    .poll(async () => {
      const postponed = await query(
        url,
        `with waiting as (
           select id, extract(epoch from start_after - started_on)::float8 as from_start,
             extract(epoch from start_after - now())::float8 as until_next
           from codemode_jobs.job
           where name = 'notification' and state = 'retry' for update
         )
         update codemode_jobs.job job set start_after = now() + interval '1 hour' from waiting where job.id = waiting.id
         returning job.id, from_start, until_next`,
      )
      for (const { id, from_start, until_next } of postponed)
        if (!waits.has(id)) waits.set(id, { fromStart: Number(from_start), left: Number(until_next) })
      return waits.size
    })
    .toBe(count)
  return [...waits.values()]
}

const rows = () => query(url, 'select status from codemode.notifications')

test('notifications are stored with what causes them, and delivered with the receiver of the execution', async () => {
  const { sent, sendNotification } = recorder()
  await using store = await startStore(url, { sendNotification })
  const execution = newExecution({ notify, label: 'report' })
  const runs = [
    async (lease: Lease) => {
      await lease.append([answer(1)], { requested })
      await lease.park([answer(2)], { change: { status: 'needs_attention' } })
    },
    complete,
  ]
  store.work(worker('a', (lease) => runs.shift()?.(lease)))
  await store.create(execution)
  const { id } = execution.facts
  await expect.poll(() => sent).toHaveLength(2)
  await store.post('acme', id, { kind: 'wake' })
  await expect.poll(() => sent).toHaveLength(3)
  const { url: to, secret } = notify
  const common = { tenant: 'acme', executionId: id, correlationId: execution.facts.correlationId, url: to, secret }
  for (const notification of sent) expect(notification).toMatchObject(common)
  const byId = new Map(sent.map((notification) => [notification.id, JSON.parse(notification.body)]))
  const data = { callId: `${id}:1`, tool: 'pay', inputHash: 'a'.repeat(64) }
  expect(byId.get(`${id}:1:approval_requested:1`)).toMatchObject({ type: 'approval.requested', data })
  expect(byId.get(`${id}:needs_attention:2`)).toMatchObject({ data: { executionId: id, label: 'report' } })
  expect(byId.get(`${id}:finished`)).toMatchObject({ data: { status: 'completed' } })
  await expect.poll(rows).toEqual([])
})

test('an execution without a receiver, and a commit that is refused, cause none', async () => {
  const { sent, sendNotification } = recorder()
  await using store = await startStore(url, { sendNotification })
  const refused = Promise.withResolvers<boolean>()
  store.work(
    worker('a', async (lease) => {
      const { id, notify } = lease.execution.facts
      if (notify === undefined) return lease.append([answer(1)], { requested }).then(() => complete(lease))
      await store.post('acme', id, { kind: 'wake' })
      refused.resolve(await lease.park([answer(1)], { change: { status: 'needs_attention' } }))
      return complete(lease)
    }),
  )
  await store.create(newExecution())
  await store.create(newExecution({ notify }))
  expect(await refused.promise).toBe(false)
  await expect.poll(() => sent).toHaveLength(1)
  expect(sent[0]!.id).toContain(':finished')
})

test('a failed attempt is repeated with the same id and body after a longer and longer time', async () => {
  const { sent, sendNotification } = recorder((nth) => (nth < 3 ? `problem ${nth}` : undefined))
  await using store = await startStore(url, { sendNotification })
  store.work(worker('a', complete))
  await store.create(newExecution({ notify }))
  const waits: Wait[] = []
  for (const attempts of [1, 2]) {
    await expect
      .poll(async () => (await store.listNotifications('acme', { limit: 10 })).items)
      .toMatchObject([{ status: 'pending', attempts, problem: `problem ${attempts}`, type: 'execution.finished' }])
    waits.push(...(await untilRetries(1)))
    await moveClock()
  }
  await expect.poll(rows).toEqual([])
  expect(sent).toHaveLength(3)
  for (const repeat of sent) expect(repeat).toEqual(sent[0])
  for (const [index, { fromStart, left }] of waits.entries()) {
    expect(fromStart).toBeGreaterThanOrEqual(5 * 2 ** index)
    expect(left).toBeLessThanOrEqual(10 * 2 ** index)
  }
})

test('after the last attempt a notification is dead until it is sent again or deleted with its execution', async () => {
  let problem: string | undefined = 'down'
  const { sent, sendNotification } = recorder(() => problem)
  const died: string[] = []
  await using store = await startStore(url, { sendNotification, onDeadNotification: (ids) => died.push(...ids) })
  await using parts = await openParts(url)
  store.work(worker('a', complete))
  const executions = [newExecution({ notify }), newExecution({ notify })]
  for (const execution of executions) await store.create(execution)
  const [executionId, forgotten] = executions.map(({ facts }) => facts.id) as [string, string]
  const listed = async () => (await store.listNotifications('acme', { limit: 10 })).items
  await expect.poll(listed).toMatchObject([{ attempts: 1 }, { attempts: 1 }])
  await new Retention(parts.db, 0).deleteOld()
  expect(await store.find('acme', executionId)).toBeDefined()

  await untilRetries(2)
  await moveClockByADay()
  const id = `${executionId}:finished`
  await expect.poll(() => died.toSorted()).toEqual([id, `${forgotten}:finished`].sort())
  const { items } = await store.listNotifications('acme', dead)
  expect(items).toHaveLength(2)
  expect(items).toContainEqual(expect.objectContaining({ id, executionId, attempts: 2, problem: 'down' }))
  expect((await store.listNotifications('rival', dead)).items).toEqual([])
  expect(await store.resendNotification('rival', id)).toBeUndefined()
  expect(sent).toHaveLength(4)

  problem = undefined
  expect(await store.resendNotification('acme', id)).toMatchObject({ id, status: 'pending', attempts: 2 })
  await expect.poll(rows).toEqual([{ status: 'dead' }])
  expect(sent[4]).toEqual(sent.find((notification) => notification.id === id))
  expect(await store.resendNotification('acme', id)).toBeUndefined()
  await new Retention(parts.db, 0).deleteOld()
  expect(await rows()).toEqual([])
  expect(await query(url, 'select notify from codemode.executions')).toEqual([{ notify: null }, { notify: null }])
})

test('a notification that waits for its next attempt is sent at once when it is sent again', async () => {
  const { sent, sendNotification } = recorder((nth) => (nth === 1 ? 'down' : undefined))
  await using store = await startStore(url, { sendNotification })
  store.work(worker('a', complete))
  const execution = newExecution({ notify })
  await store.create(execution)
  await expect.poll(() => store.listNotifications('acme', { limit: 1 })).toMatchObject({ items: [{ attempts: 1 }] })
  const id = `${execution.facts.id}:finished`
  await Promise.all([store.resendNotification('acme', id), store.resendNotification('acme', id)])
  await expect.poll(rows).toEqual([])
  // The job of the next attempt finds nothing to send.
  const waiting = "select 1 from codemode_jobs.job where name = 'notification' and state <= 'active'"
  await expect.poll(async () => (await moveClock(), query(url, waiting))).toEqual([])
  expect(new Set(sent.map((notification) => notification.id))).toEqual(new Set([id]))
})

test('several nodes deliver each notification once, and the pages of a list have each once', async () => {
  await using none = await startStore(url)
  none.work(worker('a', complete))
  const executions = Array.from({ length: 30 }, () => newExecution({ notify }))
  for (const execution of executions) await none.create(execution)
  await expect.poll(rows).toHaveLength(30)
  const listed: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await none.listNotifications('acme', { limit: 7, ...(cursor !== '' && { cursor }) })
    listed.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  const { sent, sendNotification } = recorder()
  await using _first = await startStore(url, { sendNotification })
  await using _second = await startStore(url, { sendNotification })
  await expect.poll(rows).toEqual([])
  const ids = executions.map(({ facts }) => `${facts.id}:finished`).sort()
  expect(sent.map(({ id }) => id).sort()).toEqual(ids)
  expect(listed.sort()).toEqual(ids)
})

test('the notification of a node that died during an attempt is delivered by another one', async () => {
  await using none = await startStore(url)
  await using parts = await openParts(url)
  none.work(worker('a', complete))
  await none.create(newExecution({ notify }))
  await expect.poll(() => parts.notifications.fetch(1, 1)).toHaveLength(1)
  const { sent, sendNotification } = recorder()
  await using _other = await startStore(url, { sendNotification })
  // The clock is moved: the attempt began more than its maximum time ago.
  await query(url, "update codemode_jobs.job set started_on = now() - interval '1 hour' where name = 'notification'")
  await untilRetries(1)
  await moveClock()
  await expect.poll(rows).toEqual([])
  expect(sent).toHaveLength(1)
})

test('slow receivers of one tenant leave places for those of another one', async () => {
  const slow = Promise.withResolvers<undefined>()
  const sent: string[] = []
  const sendNotification: SendNotification = async ({ tenant }) => {
    sent.push(tenant)
    return tenant === 'acme' ? slow.promise : undefined
  }
  await using store = await startStore(url, { sendNotification })
  store.work(worker('a', complete))
  for (let n = 0; n < 20; n++) await store.create(newExecution({ notify }))
  await expect.poll(rows).toHaveLength(20)
  await expect.poll(() => sent).toHaveLength(8)
  await store.create(newExecution({ tenant: 'rival', notify }))
  await expect.poll(() => sent).toContain('rival')
  expect(sent.filter((tenant) => tenant === 'acme')).toHaveLength(8)
  slow.resolve(undefined)
  await expect.poll(rows).toEqual([])
})
