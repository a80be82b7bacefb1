import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, onTestFinished, test } from 'vitest'

import { runtimeSource } from '../runtime-source.ts'

import { GuestIsolate } from './guest-isolate.ts'
import { GuestRuntime } from './guest-runtime.ts'
import { openGuest } from './open-guest.ts'
import { WarmIsolates, defaultMemoryLimitMb } from './warm-isolates.ts'

const runtime = new GuestRuntime(await runtimeSource())
const limits = { ...defaultRequestLimits, ...fixedLimits }
const MiB = 1024 * 1024

/** Returns a warm pool that has prepared its isolates, and functions that observe it. */
function preparedIsolates(now?: () => number): {
  isolates: WarmIsolates
  take: (memoryLimitMb?: number) => GuestIsolate
  maintained: () => number
} {
  const isolates = new WarmIsolates(runtime, now)
  const maintained = () => {
    let count = 0
    while (isolates.maintain()) count++
    return count
  }
  maintained()
  const take = (memoryLimitMb = defaultMemoryLimitMb) => {
    const isolate = isolates.take(memoryLimitMb)
    onTestFinished(() => isolate.dispose())
    return isolate
  }
  return { isolates, take, maintained }
}

test('the usual limit is the default memory limit of executions', () => {
  expect(defaultMemoryLimitMb).toBe(defaultRequestLimits.memoryLimitMb)
})

test('no isolate is used twice, and the pool replaces the used ones', () => {
  const { isolates, take, maintained } = preparedIsolates()
  const given = [take(), take(), take()]
  for (const isolate of given) isolates.discard(isolate, 0)
  expect(maintained()).toBe(5)
  expect(given.map(({ isDisposed }) => isDisposed)).toEqual([true, true, true])
  const more = [take(), take(), take()]
  expect(new Set([...given, ...more]).size).toBe(6)
  expect(more.map(({ isDisposed }) => isDisposed)).toEqual([false, false, false])
})

test('an isolate has the requested memory limit', () => {
  const { take } = preparedIsolates()
  for (const limit of [128, 64, 128, 64, 64, 64, 128, 8]) expect(take(limit).memoryLimitMb).toBe(limit)
})

test('the pool changes to a limit that two consecutive executions use, not one alone', () => {
  const { take, maintained } = preparedIsolates()
  take(64)
  expect(maintained()).toBe(0)
  take(64)
  expect(maintained()).toBe(4)
  take(64)
  expect(maintained()).toBe(1)
})

test('after a burst the pool prewarms as many isolates as it took, up to a bound, and later none', () => {
  let now = 0
  const { take, maintained } = preparedIsolates(() => now)
  for (let i = 0; i < 4; i++) take()
  expect(maintained()).toBe(2)
  for (let i = 0; i < 9; i++) take()
  expect(maintained()).toBe(9)
  now = 10_000
  for (let i = 0; i < 50; i++) take()
  expect(maintained()).toBe(32)
  now = 20_000
  expect(maintained()).toBe(0)
  now = 20_001
  expect(maintained()).toBe(30)
  take()
  expect(maintained()).toBe(1)
})

test('the pool disposes an isolate with a large heap at once, and the oldest of many', () => {
  const { isolates, take } = preparedIsolates()
  const large = take()
  isolates.discard(large, 9 * MiB)
  expect(large.isDisposed).toBe(true)
  const small = Array.from({ length: 6 }, () => take())
  for (const isolate of small) isolates.discard(isolate, MiB)
  expect(small.map(({ isDisposed }) => isDisposed)).toEqual([true, true, false, false, false, false])
})

/** Code that reads everything by which it could tell when its isolate was made, or what ran beside it meanwhile. */
const observingCode = `
  const names = []
  for (let object = globalThis; object; object = Object.getPrototypeOf(object)) names.push(...Reflect.ownKeys(object).map(String))
  console.log(names.join())
  console.log(Date.now(), new Date().toString(), performance.now(), performance.timeOrigin, Temporal.Now.instant().toString())
  console.log(Math.random(), crypto.randomUUID(), new Error('x').stack, input, context, config)
  console.log(new Intl.DateTimeFormat('en').format(), new URL('http://a/b?c').href, typeof tools.tool, Object.keys(tools))
  console.log([3, 1, 2].sort(), new Map([[{}, 1]]), new Set('abc'), Symbol('s').toString(), structuredClone({ a: 1 }))
  setTimeout(() => console.log('later'), 5)
  tools.tool({ n: 1 })
  await sleep(1)`

test('a guest cannot detect whether its isolate was prewarmed', () => {
  const { take } = preparedIsolates()
  const isolates = [take(128), new GuestIsolate(runtime, 128), take(128)]
  const texts = { input: '{"a":[1]}', context: '{}', config: '{}', seed: '5'.repeat(64) }
  const replies = isolates.map((isolate) => {
    onTestFinished(() => isolate.dispose())
    const host = openGuest({ code: observingCode, ...texts, limits, tools: ['tool'] }, isolate)
    const turns = [
      host.turn({ kind: 'start', at: 1_000_000 }, 5_000),
      host.turn({ kind: 'tick', at: 1_000_001 }, 5_000),
      host.turn({ kind: 'answer', at: 1_000_003, call: 1, ok: true, text: 'null' }, 5_000),
    ]
    return turns.map((reply) => (reply.type === 'turn' ? reply.effects : reply.type))
  })
  expect(replies[0]).toMatchObject([{ calls: [{ call: 1 }] }, { end: { ok: true } }, {}])
  expect(replies[0]).toEqual(replies[1])
  expect(replies[2]).toEqual(replies[1])
})
