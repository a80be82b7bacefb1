import fc from 'fast-check'
import { expect, test } from 'vitest'

import { LeaseLost, type InboxMessage, type Lease } from '../execution-store.ts'
import { wakeExpired, wakeForgotten } from './maintenance.ts'
import {
  answer,
  complete,
  inTurn,
  newExecution,
  openParts,
  query,
  startStore,
  useServer,
  worker,
} from './postgres-store.test-support.ts'

const servers = useServer()

/** Lets other work go first, this number of times. */
async function yieldTimes(times: number): Promise<void> {
  for (let n = 0; n < times; n++) await new Promise((resolve) => setImmediate(resolve))
}

test('a parked execution has no job, and is claimed again when its time has come', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  let wakeAt = 0
  const { run, done } = inTurn(
    async (lease) => {
      const tomorrow = Date.now() + 86_400_000
      expect(await lease.park([answer(1)], { wakeAt: tomorrow, change: { status: 'waiting' } })).toBe(true)
      expect(await query(url, "select 1 from codemode_jobs.job where state = 'active'")).toEqual([])
      expect(await store.find('acme', execution.facts.id)).toMatchObject({ status: 'waiting' })
      await store.post('acme', execution.facts.id, { kind: 'wake' })
    },
    async (lease) => {
      wakeAt = Date.now() + 1_200
      const [{ number } = { number: 0 }] = await lease.messages()
      expect(await lease.park([], { handled: number, wakeAt })).toBe(true)
    },
    async (lease) => {
      expect(Date.now()).toBeGreaterThanOrEqual(wakeAt)
      expect(lease.entries).toMatchObject([{ call: 1 }])
      expect(lease.epoch).toBe(3)
      await complete(lease)
    },
  )
  const execution = newExecution()
  store.work(worker('a', run))
  await store.create(execution)
  await done
})

test('parked executions are counted by what they wait for, until they are claimed', async () => {
  await using store = await startStore(await servers.createDatabase())
  const reasons = ['timer', 'approval', 'timer', undefined]
  const parked = Promise.withResolvers<void>()
  const claimed = Promise.withResolvers<Lease>()
  let count = 0
  const run = async (lease: Lease): Promise<void> => {
    if (lease.epoch > 1) return claimed.resolve(lease)
    const reason = reasons[count++]
    await lease.park([], { ...(reason !== undefined && { reason }) })
    if (count === reasons.length) parked.resolve()
  }
  const executions = reasons.map(() => newExecution())
  expect(await store.countParked()).toEqual(new Map())
  store.work(worker('a', run))
  for (const execution of executions) await store.create(execution)
  await parked.promise
  await expect.poll(async () => Object.fromEntries(await store.countParked())).toEqual({ approval: 1, timer: 2 })
  const { facts, header } = newExecution({ reuseIsolates: false })
  const requested = [{ call: 1, tool: 'pay', input: '{}', inputHash: 'hash', requestedAt: Date.now() }]
  await store.promote({ execution: { facts, header }, entries: [], requested, epoch: 1, startedAt: Date.now() })
  expect((await store.countParked()).get('approval')).toBe(2)
  expect((await store.find('acme', facts.id))?.facts.reuseIsolates).toBe(false)
  for (const { facts } of executions) await store.post('acme', facts.id, { kind: 'wake' })
  await claimed.promise
  await expect.poll(async () => [...(await store.countParked())]).toEqual([['approval', 1]])
})

test('a message wakes a parked execution, also before the time at which it would be claimed', async () => {
  await using store = await startStore(await servers.createDatabase())
  const message: InboxMessage = { kind: 'cancel', reason: 'a\0b' }
  const { promise: parked, resolve } = Promise.withResolvers<void>()
  const { run, done } = inTurn(
    (lease) => lease.park([], { wakeAt: Date.now() + 86_400_000 }).then(() => resolve()),
    async (lease) => {
      expect((await lease.messages()).map(({ message }) => message)).toEqual([message])
      await complete(lease)
    },
  )
  store.work(worker('a', run))
  const execution = newExecution()
  await store.create(execution)
  await parked
  expect(await store.post('acme', execution.facts.id, message)).toBe(true)
  await done
})

test('the time of waking is the one of the last parking, also if an earlier wake-up waits', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  await using parts = await openParts(url)
  const { run, done } = inTurn(
    async (lease) => {
      const [row] = await query(url, 'select key from codemode.executions')
      const wakeUp = { key: String(row!['key']), tenant: 'acme', at: Date.now() + 86_400_000 }
      await parts.wakeUps.send(parts.db, [wakeUp])
      expect(await lease.park([], { wakeAt: Date.now() })).toBe(true)
    },
    (lease) => complete(lease),
  )
  store.work(worker('a', run))
  await store.create(newExecution())
  await done
})

test('parking is refused until the messages in the inbox have been handled', async () => {
  await using store = await startStore(await servers.createDatabase())
  const execution = newExecution()
  const { run, done } = inTurn(
    async (lease) => {
      await store.post('acme', execution.facts.id, { kind: 'wake' })
      await store.post('acme', execution.facts.id, { kind: 'wake' })
      expect(await lease.park([answer(1)], {})).toBe(false)
      const messages = await lease.messages()
      expect(messages).toHaveLength(2)
      await lease.append([answer(1)], { handled: messages[0]!.number })
      expect(await lease.messages()).toEqual(messages.slice(1))
      expect(await lease.park([], { handled: messages[0]!.number })).toBe(false)
      expect(await lease.park([], { handled: messages[1]!.number, wakeAt: Date.now() })).toBe(true)
    },
    async (lease) => {
      expect(lease.entries).toHaveLength(1)
      expect(await lease.messages()).toEqual([])
      await complete(lease)
    },
  )
  store.work(worker('a', run))
  await store.create(execution)
  await done
})

test('no message is lost, however posting and parking interleave', async () => {
  await using first = await startStore(await servers.createDatabase())
  const ended = new Map<string, () => void>()
  const yields = new Map<string, number>()
  const run = async (lease: Lease) => {
    const { id } = lease.execution.facts
    for (;;) {
      const messages = await lease.messages()
      await yieldTimes(yields.get(id)!)
      if (messages.length > 0) break
      if (await lease.park([], {})) return
    }
    await complete(lease)
    ended.get(id)!()
  }
  first.work(worker('a', run, 64))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(8), fc.nat(40)), { minLength: 20, maxLength: 40 }), async (delays) => {
      await Promise.all(
        delays.map(async ([beforePark, beforePost]) => {
          const execution = newExecution()
          const { id } = execution.facts
          yields.set(id, beforePark)
          const end = new Promise<void>((resolve) => ended.set(id, resolve))
          await first.create(execution)
          await yieldTimes(beforePost)
          expect(await first.post('acme', id, { kind: 'wake' })).toBe(true)
          await end
        }),
      )
    }),
    { numRuns: 8, seed: 15 },
  )
})

test('an execution that was released is claimed again at once', async () => {
  await using store = await startStore(await servers.createDatabase())
  const { run, done } = inTurn(
    (lease) => lease.release(),
    async (lease) => {
      expect(lease.epoch).toBe(2)
      await complete(lease)
    },
  )
  store.work(worker('a', run))
  await store.create(newExecution())
  await done
})

test('a parked execution that has expired is woken', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  await using parts = await openParts(url)
  const { run, done } = inTurn(
    (lease) => lease.park([], {}),
    async (lease) => {
      expect(lease.expiresInMs).toBeLessThan(0)
      await complete(lease)
    },
  )
  store.work(worker('a', run))
  await store.create(newExecution())
  await expect
    .poll(() => query(url, 'select 1 from codemode.executions where epoch = 1 and node is null'))
    .toHaveLength(1)
  expect(await wakeExpired(parts.db, parts.wakeUps)).toBe(0)
  await query(url, "update codemode.executions set expires_at = now() - interval '1 second'")
  await wakeExpired(parts.db, parts.wakeUps)
  await done
})

test('executions whose wake-ups were removed from the queue are woken: parked ones at their time, and held ones', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  await using parts = await openParts(url)
  const label = { timer: 'timer', message: 'message', woken: 'woken', held: 'held' }
  const runs = { timer: 0, message: 0, woken: 0, held: 0 }
  const ended = new Map(['timer', 'woken', 'held'].map((name) => [name, Promise.withResolvers<void>()]))
  const taken = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<unknown>()
  const run = async (lease: Lease) => {
    const name = lease.execution.facts.label as keyof typeof runs
    runs[name] += 1
    if (runs[name] === 1 && name !== 'held') {
      await lease.park([], name === 'timer' ? { wakeAt: Date.now() + 86_400_000 } : {})
    } else if (runs[name] === 1) {
      taken.resolve()
      await ended.get(name)!.promise
      refused.resolve(await lease.append([answer(1)]).catch((error: unknown) => error))
    } else await complete(lease).then(ended.get(name)!.resolve)
  }
  const executions = Object.values(label).map((name) => newExecution({ label: name }))
  const working = store.work(worker('a', run))
  for (const execution of executions) await store.create(execution)
  await taken.promise
  await expect.poll(() => query(url, 'select 1 from codemode.executions where node is null')).toHaveLength(3)
  expect(await wakeForgotten(parts.db, parts.wakeUps)).toBe(0)

  await query(url, 'delete from codemode_jobs.job')
  expect(await wakeForgotten(parts.db, parts.wakeUps)).toBe(2)
  expect(await refused.promise).toBeInstanceOf(LeaseLost)
  expect(await wakeForgotten(parts.db, parts.wakeUps)).toBe(0)
  const jobs = await query(
    url,
    "select start_after > now() + interval '23 hours' as is_later from codemode_jobs.job where state = 'created'",
  )
  expect(jobs).toEqual([{ is_later: true }])
  await query(url, "update codemode_jobs.job set start_after = now() where state = 'created'")
  working.wake()
  await ended.get('timer')!.promise

  // A message to a parked execution wakes it, also if its wake-up is gone right after that.
  await query(url, 'update codemode.executions set wake_at = null where node is null')
  await working.stop()
  await store.post('acme', executions[2]!.facts.id, { kind: 'wake' })
  await query(url, 'delete from codemode_jobs.job')
  expect(await wakeForgotten(parts.db, parts.wakeUps)).toBe(1)
  const again = store.work(worker('a', run))
  await ended.get('woken')!.promise
  await again.stop()
  expect(runs).toEqual({ timer: 2, message: 1, woken: 2, held: 2 })
})

test('wake-ups of executions that have ended or do not exist are completed', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  await using parts = await openParts(url)
  await parts.wakeUps.send(parts.db, [{ key: '4711', tenant: 'acme' }])
  store.work(worker('a', () => expect.unreachable()))
  const states = () => query(url, 'select state from codemode_jobs.job')
  await expect.poll(states).toEqual([{ state: 'completed' }])
})

test('the executions of one tenant do not take the places of another one', async () => {
  await using store = await startStore(await servers.createDatabase(), { maxRunningPerTenant: 2 })
  const release = Promise.withResolvers<void>()
  const started: string[] = []
  let most = 0
  let running = 0
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const run = async (lease: Lease) => {
    const { tenant } = lease.execution.facts
    started.push(tenant)
    if (tenant === 'acme') {
      most = Math.max(most, ++running)
      await release.promise
      running -= 1
    }
    await complete(lease)
    if (started.length === 7) resolve()
  }
  for (let n = 0; n < 6; n++) await store.create(newExecution())
  await store.create(newExecution({ tenant: 'other' }))
  store.work(worker('a', run, 4))
  await expect.poll(() => started).toContain('other')
  expect(started.filter((tenant) => tenant === 'acme')).toHaveLength(2)
  release.resolve()
  await done
  expect(most).toBe(2)
})

test('a worker that is stopped gives back what it holds, and takes nothing more', async () => {
  const url = await servers.createDatabase()
  await using store = await startStore(url)
  const stop = Promise.withResolvers<void>()
  const { promise: taken, resolve } = Promise.withResolvers<void>()
  const working = store.work(
    worker('a', async (lease) => {
      resolve()
      await stop.promise
      await lease.release()
    }),
  )
  await store.create(newExecution())
  await taken
  const stopped = working.stop()
  stop.resolve()
  await stopped
  await store.create(newExecution())
  expect(await query(url, 'select node from codemode.executions')).toEqual([{ node: null }, { node: null }])
  expect(await query(url, "select 1 from codemode_jobs.job where state = 'created'")).toHaveLength(2)
})
