import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, onTestFinished, test } from 'vitest'

import { runtimeSource } from '../runtime-source.ts'
import { GuestHost } from './guest-host.ts'
import { GuestIsolate } from './guest-isolate.ts'
import { GuestRuntime } from './guest-runtime.ts'
import { IsolateStock, usualMemoryLimitMb } from './isolate-stock.ts'

const runtime = new GuestRuntime(await runtimeSource())
const limits = { ...defaultRequestLimits, ...fixedLimits }
const MiB = 1024 * 1024

/** Returns a stock that has prepared its isolates, and functions that observe it. */
function preparedStock(now?: () => number): {
  stock: IsolateStock
  take: (memoryLimitMb?: number) => GuestIsolate
  tidied: () => number
} {
  const stock = new IsolateStock(runtime, now)
  const tidied = () => {
    let count = 0
    while (stock.tidy()) count++
    return count
  }
  tidied()
  const take = (memoryLimitMb = usualMemoryLimitMb) => {
    const isolate = stock.take(memoryLimitMb)
    onTestFinished(() => isolate.dispose())
    return isolate
  }
  return { stock, take, tidied }
}

test('the usual limit is the default memory limit of executions', () => {
  expect(usualMemoryLimitMb).toBe(defaultRequestLimits.memoryLimitMb)
})

test('no isolate is used twice, and the stock replaces the used ones', () => {
  const { stock, take, tidied } = preparedStock()
  const given = [take(), take(), take()]
  for (const isolate of given) stock.leave(isolate, 0)
  expect(tidied()).toBe(5)
  expect(given.map(({ isGone }) => isGone)).toEqual([true, true, true])
  const more = [take(), take(), take()]
  expect(new Set([...given, ...more]).size).toBe(6)
  expect(more.map(({ isGone }) => isGone)).toEqual([false, false, false])
})

test('an isolate has the requested memory limit', () => {
  const { take } = preparedStock()
  for (const limit of [128, 64, 128, 64, 64, 64, 128, 8]) expect(take(limit).memoryLimitMb).toBe(limit)
})

test('the stock changes to a limit that two consecutive executions use, not one alone', () => {
  const { take, tidied } = preparedStock()
  take(64)
  expect(tidied()).toBe(0)
  take(64)
  expect(tidied()).toBe(4)
  take(64)
  expect(tidied()).toBe(1)
})

test('after a burst the stock prewarms as many isolates as it took, up to a bound, and later none', () => {
  let now = 0
  const { take, tidied } = preparedStock(() => now)
  for (let i = 0; i < 4; i++) take()
  expect(tidied()).toBe(2)
  for (let i = 0; i < 9; i++) take()
  expect(tidied()).toBe(9)
  now = 10_000
  for (let i = 0; i < 50; i++) take()
  expect(tidied()).toBe(32)
  now = 20_000
  expect(tidied()).toBe(0)
  now = 20_001
  expect(tidied()).toBe(30)
  take()
  expect(tidied()).toBe(1)
})

test('the stock disposes an isolate with a large heap at once, and the oldest of many', () => {
  const { stock, take } = preparedStock()
  const large = take()
  stock.leave(large, 9 * MiB)
  expect(large.isGone).toBe(true)
  const small = Array.from({ length: 6 }, () => take())
  for (const isolate of small) stock.leave(isolate, MiB)
  expect(small.map(({ isGone }) => isGone)).toEqual([true, true, false, false, false, false])
})

/** Code that reads everything by which it could tell when its isolate was made, or what ran beside it meanwhile. */
const nosy = `
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
  const { stock } = preparedStock()
  const isolates = [stock.take(128), new GuestIsolate(runtime, 128), stock.take(128)]
  const texts = { input: '{"a":[1]}', context: '{}', config: '{}', seed: '5'.repeat(64) }
  const replies = isolates.map((isolate) => {
    onTestFinished(() => isolate.dispose())
    const host = new GuestHost({ code: nosy, ...texts, limits, tools: ['tool'] }, isolate)
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
