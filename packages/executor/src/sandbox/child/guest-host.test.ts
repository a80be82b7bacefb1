import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { afterEach, expect, test } from 'vitest'

import type { GuestSpec } from '../protocol.ts'
import { runtimeSource } from '../runtime-source.ts'
import { GuestHost } from './guest-host.ts'
import { GuestIsolate } from './guest-isolate.ts'
import { GuestRuntime } from './guest-runtime.ts'

const runtime = new GuestRuntime(runtimeSource())
const limits = { ...defaultRequestLimits, ...fixedLimits }
const depth = 100_000
const nested = '['.repeat(depth) + ']'.repeat(depth)
const opened: GuestHost[] = []

afterEach(() => {
  for (const { isolate } of opened.splice(0)) isolate.dispose()
})

function open(code: string, overrides: Partial<GuestSpec> = {}): GuestHost {
  const texts = { input: 'null', context: '{}', config: '{}', seed: '0'.repeat(64) }
  const spec = { code, ...texts, limits, tools: ['tool'], ...overrides }
  const guest = new GuestHost(spec, new GuestIsolate(runtime, limits.memoryLimitMb))
  opened.push(guest)
  return guest
}

const start = (guest: GuestHost) => guest.turn({ kind: 'start', at: 1 }, 5_000)
const ended = (result: string) => ({ type: 'turn', effects: { end: { ok: true, result } } })

test('a turn that the runtime did not get through is no turn: it throws, and so ends the process', () => {
  expect(() => start(open('return 1', { context: 'not JSON' }))).toThrow('The guest runtime failed')
})

test('a rejection that nobody handles leaves the turn as it is', () => {
  expect(start(open('Promise.reject(new Error("x")); return 1'))).toMatchObject(ended('1'))
  expect(start(open('Promise.reject(new Error("x")); await sleep(1)'))).toMatchObject({
    type: 'turn',
    effects: { nextTimerAt: 2 },
  })
})

test('inputs and answers may be nested deeper than the stack goes', () => {
  expect(start(open('return typeof context', { context: nested, config: nested, input: nested }))).toMatchObject(
    ended('"object"'),
  )
  const guest = open('return typeof await tools.tool()')
  start(guest)
  expect(guest.turn({ kind: 'answer', at: 2, call: 1, ok: true, text: nested }, 5_000)).toMatchObject(ended('"object"'))
})

test('a result that is nested deeper than the stack goes is refused', () => {
  expect(start(open('return context', { context: nested }))).toMatchObject({
    type: 'turn',
    effects: { end: { ok: false, code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError' } },
  })
})

test('an ending for which the stack was too short is not lost', () => {
  const code = `
    for (let i = 0; i < 10_000; i++) setTimeout(() => {}, 1_000)
    const descend = () => { try { descend() } catch {} setTimeout(() => {}, 1) }
    descend()
    return 'caught'`
  expect(start(open(code))).toMatchObject({ effects: { end: { ok: false, code: 'TOO_MANY_TIMERS' } } })
})
