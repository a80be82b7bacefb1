/** Memory that guests leave in an isolate, up to its limit: the work between two guests needs some of it too. */
import { memoryUsage } from 'node:process'

import { describe, expect, test } from 'vitest'

import { isSoak } from '../support/seed.ts'
import { ConsecutiveGuests } from '../support/consecutive-guests.ts'

const MiB = 1024 * 1024
const memoryLimitMb = 32
/** Maximum memory in bytes of an isolate between two guests: V8 keeps the young generation, of up to 24 MiB, for new objects. */
const maxKeptBytes = 28 * MiB

/** Codes that leave ever more, and counts up to more than fits into the memory limit. */
const fills: readonly (readonly [name: string, counts: readonly number[], leave: (count: number) => string])[] = [
  [
    'objects that are kept',
    [50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 700],
    (count) => `globalThis.kept = []; for (let i = 0; i < ${count}; i++) kept.push(new Array(1e4).fill(i + 0.5))`,
  ],
  [
    'registered symbols',
    [170_000, 410_000, 440_000, 460_000, 520_000],
    (count) => `for (let i = 0; i < ${count}; i++) Symbol.for('symbol ' + i)`,
  ],
  [
    'buffers',
    [50, 100, 150, 200, 250, 300, 350, 400, 500],
    (count) => `globalThis.kept = []; for (let i = 0; i < ${count}; i++) kept.push(new Uint8Array(8e4))`,
  ],
]

describe.each(fills)('%s', (_name, counts, leave) => {
  test.each([
    ['idle time', true],
    ['no time', false],
  ])('fill an isolate to any degree, with %s before the next guest, which gets one that works', (_, isIdle) => {
    const stopped = counts.filter((count) => {
      using guests = new ConsecutiveGuests()
      const options = { memoryLimitMb }
      guests.run('return 1', options)
      guests.run('return 1', options)
      const { hasEndedByItself } = guests.run(`${leave(count)}; return 1`, options)
      if (isIdle) guests.rest()
      const next = guests.run('return 2', options)
      guests.rest()
      // What does not fit into a used isolate runs again in a new one, which the executor arranges.
      const works = { end: { ok: true, result: '2' } }
      const runsAgain = { end: { reason: 'memory' }, hadEarlierGuests: true }
      expect(next).toMatchObject(next.hasEndedByItself ? works : runsAgain)
      expect(guests.run('return 3', options).end).toEqual({ ok: true, result: '3' })
      return !hasEndedByItself
    })
    expect(stopped.length).toBeLessThan(counts.length)
  })
})

const count = isSoak ? 50_000 : 600

/** Guests of mixed sizes: from nothing to most of the default memory limit. */
const mixed = [
  () => 'return 1',
  () => 'const all = await Promise.all([1, 2, 3].map((n) => tools.echo(n))); console.log(all); return all',
  (n: number) =>
    `const all = []; for (let i = 0; i < ${(n % 50) * 1_000}; i++) all.push({ i, text: 'text ' + i }); return all.length`,
  (n: number) => `globalThis.kept = new Uint8Array(${(n % 8) * MiB}).fill(1); return kept.length`,
  (n: number) =>
    `for (let i = 0; i < ${n % 500}; i++) Promise.reject(new Error('e' + i)); setTimeout(() => {}, 1e6); return 1`,
  (n: number) => `for (let i = 0; i < ${n % 200}; i++) Symbol.for('symbol ' + Math.random()); return 1`,
  (n: number) =>
    `const o = {}; for (let i = 0; i < ${n % 2_000}; i++) o['key ' + i] = (0, eval)('(() => ' + i + ')'); return Object.keys(o).length`,
  (n: number) =>
    n % 40 === 0
      ? `const all = []; for (let i = 0; i < 60; i++) all.push(new Array(1e5).fill(i + 0.5)); return all.length`
      : `return 'x'.repeat(1e5).split('').length`,
]

test(`after ${count} guests of mixed sizes a process has no more memory than after a part of them`, () => {
  using guests = new ConsecutiveGuests()
  const run = (from: number, to: number) => {
    const isolates = new Set<object>()
    for (let n = from; n < to; n++) {
      const guest = guests.run(mixed[n % mixed.length]!(n), { seed: String(n).padStart(64, '0') })
      isolates.add(guest.isolate)
      if (n % 3 === 0) guests.rest()
      expect(guest.end).toMatchObject({ ok: true })
    }
    guests.rest()
    return isolates.size
  }
  const part = Math.floor(count / 3)
  run(0, part)
  const before = memoryUsage.rss()
  const isolates = run(part, count)
  expect(memoryUsage.rss() - before).toBeLessThan(64 * MiB)
  expect(isolates).toBeLessThan(count / 10)
  for (const isolate of guests.kept) expect(isolate.sizeBytes()).toBeLessThan(maxKeptBytes)
})

test.each([1, 4, 20, 60, 100])(
  'an isolate is reused after a guest of %i MiB, of which little memory is left',
  (sizeMb) => {
    using guests = new ConsecutiveGuests()
    const objects = `globalThis.kept = []; for (let i = 0; i < ${sizeMb}; i++) kept.push(new Array(${MiB / 8}).fill(i + 0.5)); return kept.length`
    const { isolate, end } = guests.run(objects)
    expect(end).toMatchObject({ ok: true })
    guests.rest()
    expect(guests.run('return typeof kept')).toMatchObject({ isolate, end: { ok: true, result: '"undefined"' } })
    guests.rest()
    expect(isolate.sizeBytes()).toBeLessThan(maxKeptBytes)
  },
)
