import { defaultRequestLimits, RequestError } from '@codemode/shared'
import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { Admission, type Permit } from './admission.ts'
import { allRights, type Principal } from '../principal.ts'

const inAnHour = { priority: 0, timeoutMs: 3_600_000, timeoutLayer: 'queue' } as const

function principalOf(tenant: string, limits: { maxRunning?: number; maxQueued?: number } = {}): Principal {
  return {
    keyId: `key of ${tenant}`,
    owner: `owner of ${tenant}`,
    rights: allRights,
    tenant,
    isolation: 'tenant',
    reuseIsolates: true,
    defaultLimits: defaultRequestLimits,
    maxLimits: defaultRequestLimits,
    maxDetachedExecutionMs: 86_400_000,
    maxRunning: 100,
    maxQueued: 100,
    ...limits,
  }
}

/** Creates an admission with the given room in the sandbox, and logs in order who was admitted or refused. */
function admissionWith({ room = 100, maxRunning = 100, maxQueued = 100 } = {}) {
  const sandbox = { room, throttledMs: 0 }
  const log: string[] = []
  const admission = new Admission({
    maxRunning,
    maxQueued,
    roomFor: () => sandbox.room,
    throttledMs: () => sandbox.throttledMs,
  })

  function enter(name: string, principal = principalOf('acme'), options: object = {}): Permit {
    const permit = admission.requestPermit(principal, { ...inAnHour, ...options })
    permit.admitted.then(
      () => log.push(name),
      (error: RequestError) => log.push(`${name}: ${error.code}`),
    )
    return permit
  }

  async function seen(): Promise<string[]> {
    await vi.advanceTimersByTimeAsync(0)
    return log.splice(0)
  }

  return { admission, sandbox, enter, seen }
}

function refusalOf(act: () => unknown): RequestError {
  try {
    act()
  } catch (error) {
    if (error instanceof RequestError) return error
  }
  throw new Error('nothing was refused')
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('admission', () => {
  test('admits at once while there is room, and counts executions that are starting', async () => {
    const { enter, seen } = admissionWith({ room: 2 })
    for (const name of ['a', 'b', 'c']) enter(name)
    expect(await seen()).toEqual(['a', 'b'])
  })

  test("admits the next when there is room again, and leaves started executions to the sandbox's count", async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 1 })
    const first = enter('first')
    enter('second')
    first.started()
    first.started()
    sandbox.room = 0
    admission.advance()
    expect(await seen()).toEqual(['first'])
    sandbox.room = 1
    admission.advance()
    expect(await seen()).toEqual(['second'])
  })

  test('admits the next when another leaves, started or not', async () => {
    const { sandbox, enter, seen } = admissionWith({ maxRunning: 1, room: 1 })
    const [first, second] = ['first', 'second', 'third'].map((name) => enter(name))
    first!.release()
    expect(await seen()).toEqual(['first', 'second'])
    second!.started()
    sandbox.room = 0
    second!.release()
    expect(await seen()).toEqual([])
  })

  test("applies each tenant's own limit, and a tenant at its limit delays no other", async () => {
    const { enter, seen } = admissionWith()
    const [acme, rival] = [principalOf('acme', { maxRunning: 1 }), principalOf('rival')]
    const first = enter('acme 1', acme)
    enter('acme 2', acme)
    enter('rival 1', rival)
    expect(await seen()).toEqual(['acme 1', 'rival 1'])
    first.release()
    expect(await seen()).toEqual(['acme 2'])
  })

  test('admits no new execution before those of its tenant that wait', async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0 })
    enter('early')
    sandbox.room = 1
    enter('late')
    expect(await seen()).toEqual([])
    admission.advance()
    expect(await seen()).toEqual(['early'])
  })

  test("admits a tenant's higher priority first, and tenants in turn", async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0 })
    enter('acme low', principalOf('acme'), { priority: -1 })
    enter('acme high', principalOf('acme'), { priority: 1 })
    enter('rival', principalOf('rival'))
    sandbox.room = 100
    admission.advance()
    expect(await seen()).toEqual(['acme high', 'rival', 'acme low'])
  })

  test('queues an execution that was accepted before, also where it refuses others', async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0, maxQueued: 1 })
    enter('a')
    expect(refusalOf(() => enter('refused')).code).toBe('OVERLOADED')
    sandbox.throttledMs = 1_000
    expect(refusalOf(() => enter('throttled')).code).toBe('RATE_LIMITED')
    enter('accepted', principalOf('acme'), { isAccepted: true })
    sandbox.throttledMs = 0
    sandbox.room = 2
    admission.advance()
    expect(await seen()).toEqual(['a', 'accepted'])
  })

  test('admits no throttled tenant until its throttle ends, whatever the room', async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0 })
    enter('waits')
    sandbox.throttledMs = 1_234.5
    sandbox.room = 1
    admission.advance()
    expect(await seen()).toEqual([])
    expect(refusalOf(() => enter('refused'))).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: 2,
      details: { throttledMs: 1_235 },
      message:
        'The tenant is throttled for 1235 ms because its code crashed sandbox processes, or made the executor end them',
    })
    sandbox.throttledMs = 0
    admission.advance()
    expect(await seen()).toEqual(['waits'])
  })

  test('frees a place only once', async () => {
    const { enter, seen } = admissionWith({ maxRunning: 1 })
    const first = enter('first')
    for (const name of ['second', 'third']) enter(name)
    first.release()
    first.release()
    first.started()
    expect(await seen()).toEqual(['first', 'second'])
  })
})

describe('the bounded queue', () => {
  test('has a limit for each tenant', () => {
    const { enter } = admissionWith({ room: 0 })
    const acme = principalOf('acme', { maxQueued: 1 })
    enter('waits', acme)
    const error = refusalOf(() => enter('refused', acme))
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: 1,
      details: { queued: 1, maxQueued: 1 },
      message: "The tenant's queue for admission is full: 1 waiting; the limit of this API key is 1 (maxQueued)",
    })
    expect(() => enter('another tenant', principalOf('rival'))).not.toThrow()
  })

  test('has a limit for all tenants together', () => {
    const { enter } = admissionWith({ room: 0, maxQueued: 2 })
    enter('acme', principalOf('acme'))
    enter('rival', principalOf('rival'))
    const error = refusalOf(() => enter('third', principalOf('third')))
    expect(error).toMatchObject({
      code: 'OVERLOADED',
      retryAfterSeconds: 1,
      details: { queued: 2, maxQueued: 2 },
      message: "The executor's queue for admission is full: 2 waiting; the limit of the executor is 2 (maxQueued)",
    })
  })

  test('may have no places at all', async () => {
    const { enter, seen } = admissionWith({ room: 1, maxQueued: 0 })
    enter('first')
    expect(refusalOf(() => enter('second')).code).toBe('OVERLOADED')
    expect(await seen()).toEqual(['first'])
  })
})

describe('an execution that waits', () => {
  test.each([
    ['queue', 'queueTimeoutMs'],
    ['request', 'requestTimeoutMs'],
  ] as const)('is refused when the timeout of the %s expires', async (timeoutLayer, option) => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0, maxQueued: 1 })
    const permit = enter('gives up', principalOf('acme'), { timeoutMs: 1_000, timeoutLayer })
    const refusal = permit.admitted.catch((error: unknown) => error)
    const expected = {
      code: 'QUEUE_TIMEOUT',
      message: `The execution was not admitted within 1000 ms (${option})`,
      retryAfterSeconds: 1,
      details: { layer: timeoutLayer, timeoutMs: 1_000, option },
    }
    await vi.advanceTimersByTimeAsync(999)
    expect(await seen()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(await refusal).toMatchObject(expected)
    expect(await seen()).toEqual(['gives up: QUEUE_TIMEOUT'])
    // The place of the refused execution is free, and room that appears later is not spent on it.
    enter('next')
    permit.release()
    sandbox.room = 1
    admission.advance()
    expect(await seen()).toEqual(['next'])
  })

  test('and is throttled is refused as throttled, not as timed out', async () => {
    const { sandbox, enter, seen } = admissionWith({ room: 0 })
    enter('waits', principalOf('acme'), { timeoutMs: 1_000 })
    sandbox.throttledMs = 500
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await seen()).toEqual(['waits: RATE_LIMITED'])
  })

  test('and is admitted in time is not refused later', async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0 })
    enter('waits')
    sandbox.room = 1
    admission.advance()
    expect(await seen()).toEqual(['waits'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('and leaves is neither admitted nor refused, and frees its place', async () => {
    const { admission, sandbox, enter, seen } = admissionWith({ room: 0, maxQueued: 1 })
    enter('leaves').release()
    expect(vi.getTimerCount()).toBe(0)
    enter('stays')
    sandbox.room = 100
    admission.advance()
    expect(await seen()).toEqual(['stays'])
  })

  test('is refused when the executor closes; running executions are not', async () => {
    const { admission, enter, seen } = admissionWith({ room: 1 })
    for (const name of ['runs', 'waits', 'waits too']) enter(name)
    admission.refuseAll(() => new RequestError('SHUTTING_DOWN', 'closing'))
    expect((await seen()).toSorted()).toEqual(['runs', 'waits too: SHUTTING_DOWN', 'waits: SHUTTING_DOWN'])
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('admission exceeds no limit and forgets no execution, for random steps', async () => {
  const [maxRunning, maxRunningPerKey, slots] = [4, 2, 3]
  const steps = array(
    record({ act: constantFrom('enter', 'enter', 'start', 'leave'), tenant: constantFrom('a', 'b', 'c'), pick: nat() }),
    { maxLength: 40 },
  )
  await assert(
    asyncProperty(steps, async (each) => {
      interface Seen {
        readonly tenant: string
        readonly permit: Permit
        state: 'waiting' | 'admitted' | 'started' | 'left'
      }
      const all: Seen[] = []
      const these = (...states: Seen['state'][]): Seen[] => all.filter(({ state }) => states.includes(state))
      const room = (): number => slots - these('started').length
      const admission = new Admission({ maxRunning, maxQueued: 1_000, roomFor: room, throttledMs: () => 0 })

      async function check(): Promise<void> {
        await vi.advanceTimersByTimeAsync(0)
        const admitted = these('admitted', 'started')
        expect(admitted.length).toBeLessThanOrEqual(Math.min(maxRunning, slots))
        for (const tenant of ['a', 'b', 'c']) {
          expect(admitted.filter((one) => one.tenant === tenant).length).toBeLessThanOrEqual(maxRunningPerKey)
        }
      }
      function enter(tenant: string): void {
        const permit = admission.requestPermit(principalOf(tenant, { maxRunning: maxRunningPerKey }), inAnHour)
        const seen: Seen = { tenant, permit, state: 'waiting' }
        void permit.admitted.then(() => (seen.state = 'admitted'))
        all.push(seen)
      }
      function start(one: Seen | undefined): void {
        if (one?.state !== 'admitted') return
        one.state = 'started'
        one.permit.started()
      }
      function leave(one: Seen | undefined): void {
        if (one === undefined) return
        one.state = 'left'
        one.permit.release()
      }

      for (const { act, tenant, pick } of each) {
        if (act === 'enter') enter(tenant)
        else if (act === 'start') start(these('admitted')[pick % 3])
        else leave(these('waiting', 'admitted', 'started')[pick % 6])
        await check()
      }
      for (let one = these('admitted', 'started')[0]; one; one = these('admitted', 'started')[0]) {
        leave(one)
        await check()
      }
      expect(these('waiting')).toEqual([])
    }),
  )
})
