import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, onTestFinished, test } from 'vitest'

import type { ExecutionSpec } from '../../protocol.ts'
import { runtimeSource } from '../../runtime-source.ts'
import type { GuestHost } from '../guest-host.ts'
import { openGuest } from '../open-guest.ts'
import { compileForTypicalGuest } from '../typical-guest.ts'
import { GuestRuntime } from './guest-runtime.ts'
import { maxGuests, ReusableIsolate } from './reusable-isolate.ts'
import { WarmIsolates, defaultMemoryLimitMb } from './warm-isolates.ts'

const runtime = new GuestRuntime(await runtimeSource())
compileForTypicalGuest(runtime)
const limits = { ...defaultRequestLimits, ...fixedLimits }
const texts = { input: '{"a":[1]}', context: '{}', config: '{}', seed: '5'.repeat(64) }
const MiB = 1024 * 1024

/** Returns a warm pool that has done its idle work, and functions that use it. */
function warmPool(now?: () => number) {
  const isolates = new WarmIsolates(runtime, now)
  const taken: ReusableIsolate[] = []
  onTestFinished(() => {
    for (const isolate of taken) isolate.dispose()
  })
  /** Does all idle work, and returns the number of pieces. */
  const maintained = () => {
    for (let count = 0; ; count++) {
      const [piece] = isolates.piecesOfWork()
      if (piece === undefined) return count
      piece.run()
    }
  }
  const take = (memoryLimitMb = defaultMemoryLimitMb, isOwn = false) => {
    const isolate = isolates.take(memoryLimitMb, isOwn)
    taken.push(isolate)
    return isolate
  }
  /** Runs a guest until it waits or has ended, and gives back its isolate if it has ended by itself. */
  const run = (code: string, options: { isOwn?: boolean; spec?: Partial<ExecutionSpec> } = {}) => {
    const isolate = take(options.spec?.limits?.memoryLimitMb, options.isOwn)
    const guest = openGuest({ code, ...texts, limits, tools: ['tool'], ...options.spec }, isolate)
    const reply = guest.turn({ kind: 'start', at: 1_000_000 }, 5_000)
    close(guest)
    return { isolate, reply }
  }
  const close = (guest: GuestHost) =>
    guest.hasEndedByItself
      ? isolates.giveBack(guest.isolate, guest.sizeBytes)
      : isolates.discard(guest.isolate, guest.sizeBytes)
  maintained()
  return { isolates, take, run, maintained }
}

test('the usual limit is the default memory limit of executions', () => {
  expect(defaultMemoryLimitMb).toBe(defaultRequestLimits.memoryLimitMb)
})

test('the isolate of a guest that has ended by itself serves the next guest, in another context', () => {
  const { run, maintained } = warmPool()
  const first = run('globalThis.left = 1; return 1')
  maintained()
  const second = run('return typeof left')
  expect(second.isolate).toBe(first.isolate)
  expect(second.reply).toMatchObject({ effects: { end: { ok: true, result: '"undefined"' } } })
})

test('without idle time, too, an isolate serves the next guest', () => {
  const { run } = warmPool()
  const used = new Set(Array.from({ length: 10 }, () => run('return 1').isolate))
  expect(used.size).toBeLessThanOrEqual(3)
})

test('an isolate serves at most a fixed number of guests', () => {
  const { run, maintained } = warmPool()
  const counts = new Map<ReusableIsolate, number>()
  for (let i = 0; i < 2 * maxGuests + 10; i++) {
    const { isolate } = run('return 1')
    counts.set(isolate, (counts.get(isolate) ?? 0) + 1)
    maintained()
  }
  expect(Math.max(...counts.values())).toBe(maxGuests)
})

test.each([
  ['was stopped by its timeout', 'for (;;);', 20],
  ['waits', 'await sleep(1)', 5_000],
  ['ran out of memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))', 5_000],
  ['made a protector of V8 fall', 'Array.prototype[Symbol.iterator] = 1; return 1', 5_000],
  [
    'made a protector fall and restored the builtin',
    `const { constructor } = Array.prototype; Array.prototype.constructor = Object; Array.prototype.constructor = constructor; return 1`,
    5_000,
  ],
])('the isolate of a guest that %s is disposed of', (_, code, timeoutMs) => {
  const { isolates, take, maintained } = warmPool()
  const isolate = take(64)
  const guest = openGuest({ code, ...texts, limits: { ...limits, memoryLimitMb: 64 }, tools: [] }, isolate)
  guest.turn({ kind: 'start', at: 1_000_000 }, timeoutMs)
  if (guest.hasEndedByItself) isolates.giveBack(isolate, guest.sizeBytes)
  else isolates.discard(isolate, guest.sizeBytes)
  take(64)
  take(64)
  maintained()
  expect(isolate.isDisposed).toBe(true)
})

test('an isolate in which a guest has left more than 1 MiB is disposed of after the collection', () => {
  const { run, maintained } = warmPool()
  // V8 never collects entries of the symbol registry.
  const flood = run(`for (let i = 0; i < 60_000; i++) Symbol.for('symbol ' + i); return 1`)
  const garbage = run(`const all = []; for (let i = 0; i < 60_000; i++) all.push('text ' + i); return 1`)
  expect(garbage.isolate).not.toBe(flood.isolate)
  maintained()
  expect([flood.isolate.isDisposed, garbage.isolate.isDisposed]).toEqual([true, false])
})

test('a guest that requires an isolate of its own gets one that no other guest has had or will have', () => {
  const { run, maintained } = warmPool()
  const isolates = new Set<ReusableIsolate>()
  for (let i = 0; i < 6; i++) {
    isolates.add(run('return 1', { isOwn: i % 2 === 0 }).isolate)
    maintained()
  }
  // Three of their own, and one that the others have shared.
  expect(isolates.size).toBe(4)
})

test('the pool keeps two isolates ready, and as many of those that come back as a burst needed', () => {
  let now = 0
  const { isolates, run, take, maintained } = warmPool(() => now)
  expect(isolates.readyCount).toBe(2)
  const guests = Array.from({ length: 40 }, () => openGuest({ code: 'return 1', ...texts, limits, tools: [] }, take()))
  for (const guest of guests) {
    guest.turn({ kind: 'start', at: 1_000_000 }, 5_000)
    isolates.giveBack(guest.isolate, guest.sizeBytes)
  }
  maintained()
  expect(isolates.readyCount).toBe(32)
  now = 10_001
  run('return 1')
  maintained()
  expect(isolates.readyCount).toBe(2)
})

test('an isolate has the requested memory limit', () => {
  const { take } = warmPool()
  for (const limit of [128, 64, 128, 64, 64, 64, 128, 8]) expect(take(limit).memoryLimitMb).toBe(limit)
})

test('the pool changes to a limit that two consecutive executions use, not one alone', () => {
  const { take, maintained } = warmPool()
  take(64)
  expect(maintained()).toBe(0)
  take(64)
  expect(maintained()).toBe(4)
  take(64)
  expect(maintained()).toBe(1)
})

test('an isolate with a large heap that is discarded is disposed of at once, and the oldest of many', () => {
  const { isolates, take } = warmPool()
  const large = take()
  isolates.discard(large, 17 * MiB)
  expect(large.isDisposed).toBe(true)
  const small = Array.from({ length: 34 }, () => take())
  for (const isolate of small) isolates.discard(isolate, MiB)
  expect(small.map(({ isDisposed }) => isDisposed)).toEqual(small.map((_, index) => index < 2))
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

test('a guest cannot detect whether its isolate was prewarmed or had other guests', () => {
  const { run, take, maintained } = warmPool()
  const prewarmed = take()
  const used = run('console.log("other"); tools.tool({ n: 2 }); return Math.random()').isolate
  maintained()
  const isolates = [new ReusableIsolate(runtime, 128), prewarmed, take()]
  expect(isolates[2]).toBe(used)
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
  expect(replies[1]).toEqual(replies[0])
  expect(replies[2]).toEqual(replies[0])
})
