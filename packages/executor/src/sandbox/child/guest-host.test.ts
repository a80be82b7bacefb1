import { threadCpuUsage } from 'node:process'

import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { afterEach, expect, test } from 'vitest'

import type { ExecutionSpec } from '../protocol.ts'
import { runtimeSource } from '../runtime-source.ts'
import type { GuestHost } from './guest-host.ts'
import { GuestRuntime } from './isolates/guest-runtime.ts'
import { ReusableIsolate } from './isolates/reusable-isolate.ts'
import { openGuest } from './open-guest.ts'

const runtime = new GuestRuntime(await runtimeSource())
const limits = { ...defaultRequestLimits, ...fixedLimits }
const depth = 100_000
const nested = '['.repeat(depth) + ']'.repeat(depth)
const opened: GuestHost[] = []

afterEach(() => {
  for (const { isolate } of opened.splice(0)) isolate.dispose()
})

function open(code: string, overrides: Partial<ExecutionSpec> = {}): GuestHost {
  const texts = { input: 'null', context: '{}', config: '{}', seed: '0'.repeat(64) }
  const spec = { code, ...texts, limits, tools: ['tool'], ...overrides }
  const guest = openGuest(spec, new ReusableIsolate(runtime, limits.memoryLimitMb))
  opened.push(guest)
  return guest
}

const start = (guest: GuestHost) => guest.turn({ kind: 'start', at: 1 }, 60_000)
const ended = (result: string) => ({ type: 'turn', effects: { end: { ok: true, result } } })

test('a turn that the runtime did not complete throws, which ends the process', () => {
  expect(() => start(open('return 1', { context: 'not JSON' }))).toThrow('The guest runtime failed')
})

test('an unhandled rejection does not change the turn', () => {
  expect(start(open('Promise.reject(new Error("x")); return 1'))).toMatchObject(ended('1'))
  expect(start(open('Promise.reject(new Error("x")); await sleep(1)'))).toMatchObject({
    type: 'turn',
    effects: { nextTimerAt: 2 },
  })
})

test('no code of a guest runs outside of its turns, whatever it has rejected in them', { tags: ['RT-3'] }, () => {
  const guest = open(`
    globalThis.seen = 0
    const hostile = () => ({ get message() { seen++; console.log('late'); tools.tool(); Promise.reject(hostile()); return 'x' } })
    for (let i = 0; i < 3; i++) { Promise.reject(hostile()); await sleep(1) }
    return seen`)
  const nextTimers = [2, 3, 4]
  const turns = nextTimers.map((nextTimerAt, i) => {
    const reply = guest.turn({ kind: i === 0 ? 'start' : 'tick', at: nextTimerAt - 1 }, 60_000)
    const sizes = [guest.isolate.sizeBytes(), guest.isolate.sizeBytes()]
    expect(sizes).toEqual([expect.any(Number), expect.any(Number)])
    return reply
  })
  expect(turns).toMatchObject(
    nextTimers.map((nextTimerAt) => ({ type: 'turn', effects: { logs: [], calls: [], nextTimerAt } })),
  )
  expect(guest.turn({ kind: 'tick', at: 4 }, 60_000)).toMatchObject(ended('0'))
})

test(
  'the CPU time of a turn includes all that its thread used, even after the code has returned',
  { tags: ['RT-3'] },
  () => {
    const guest = open(`
    void (async () => { for (let i = 0; i < 9; i++) { await null; for (let j = 0; j < 1e7; j++); } })()
    return 1`)
    const before = threadCpuUsage()
    const reply = start(guest)
    const { user, system } = threadCpuUsage(before)
    expect(reply).toMatchObject(ended('1'))
    // The CPU clock of a thread advances in steps of up to 10 ms.
    expect((user + system) / 1000 - (reply as { cpuMs: number }).cpuMs).toBeLessThanOrEqual(20)
  },
)

test('a turn stopped for its time differs from one in which V8 ran out of memory', () => {
  expect(open('for (;;);').turn({ kind: 'start', at: 1 }, 50)).toMatchObject({ type: 'stopped', reason: 'timeout' })
  const full = open('const a = []; for (;;) a.push(new Array(1e5).fill(1.5))', {
    limits: { ...limits, memoryLimitMb: 8 },
  })
  expect(start(full)).toMatchObject({ type: 'stopped', reason: 'memory' })
  expect(start(open('throw new Error("Script execution timed out.")'))).toMatchObject({
    effects: { end: { ok: false, code: 'GUEST_ERROR' } },
  })
})

test('inputs and answers may be nested deeper than the stack allows', () => {
  expect(start(open('return typeof context', { context: nested, config: nested, input: nested }))).toMatchObject(
    ended('"object"'),
  )
  const guest = open('return typeof await tools.tool()')
  start(guest)
  expect(guest.turn({ kind: 'answer', at: 2, call: 1, ok: true, text: nested }, 60_000)).toMatchObject(
    ended('"object"'),
  )
})

test('a result nested deeper than the stack allows is refused', () => {
  expect(start(open('return context', { context: nested }))).toMatchObject({
    type: 'turn',
    effects: { end: { ok: false, code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' } },
  })
})

test('an ending for which the stack was too short is reported', () => {
  const code = `
    for (let i = 0; i < 10_000; i++) setTimeout(() => {}, 1_000)
    const descend = () => { try { descend() } catch {} setTimeout(() => {}, 1) }
    descend()
    return 'caught'`
  expect(start(open(code))).toMatchObject({ effects: { end: { ok: false, code: 'TOO_MANY_TIMERS' } } })
})
