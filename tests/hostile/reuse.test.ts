/**
 * Guests of a tenant share an isolate, one after the other. A first guest leaves all that it can, and a second one looks
 * for it in the same isolate. The isolates are those of a sandbox process, without the process.
 */
import { describe, expect, onTestFinished, test } from 'vitest'

import { ConsecutiveGuests, newIsolate, type PastGuest, runGuest } from '../support/consecutive-guests.ts'
import { countLateCalls, declareLate } from '../support/late-calls.ts'
import { looker } from './looker.ts'
import { memoryLeftovers } from './remaining-memory.ts'
import { leftovers } from './remaining-state.ts'
import { remainingWork } from './remaining-work.ts'

const states = [...leftovers, ...memoryLeftovers].map((each) => ({ ...each, leave: `${each.leave}; return 1` }))
const works = remainingWork.map(({ title, leave }) => ({ title, leave: `${declareLate}\n${leave}` }))
const timeoutMs = 60_000

/** Turns of the looker in an isolate that has had no guest. */
const inFreshIsolate = (() => {
  const isolate = newIsolate()
  const { turns } = runGuest(isolate, looker)
  isolate.dispose()
  return turns
})()

/** Runs guests in one isolate, whether or not it is fit for another guest after each of them. */
function oneIsolate() {
  const isolate = newIsolate()
  onTestFinished(() => isolate.dispose())
  return (code: string): PastGuest => {
    const guest = runGuest(isolate, code, { timeoutMs })
    isolate.release()
    isolate.isFit()
    return guest
  }
}

test('the looker sees the whole realm and ends after several turns', () => {
  const end = inFreshIsolate.at(-1)!.reply as { effects: { end: { result: string } } }
  const found = JSON.parse(end.effects.end.result) as string[]
  expect(found.length).toBeGreaterThan(3_000)
  expect(inFreshIsolate.length).toBeGreaterThan(5)
})

describe('the next guest of the isolate', { tags: ['EX-2'] }, () => {
  test.each(states)('finds nothing of $title', ({ leave, look, clean }) => {
    const run = oneIsolate()
    expect(run(leave).end).toMatchObject({ ok: true })
    expect(run(look).end).toMatchObject({ ok: true, result: JSON.stringify(clean) })
    expect(run(looker).turns).toEqual(inFreshIsolate)
  })

  test.each(works)('is reached by nothing of $title', ({ leave }) => {
    const lateCalls = countLateCalls()
    const run = oneIsolate()
    expect(run(leave)).toMatchObject({ hasEndedByItself: true })
    lateCalls()
    expect(run(looker).turns).toEqual(inFreshIsolate)
    expect(run(looker).turns).toEqual(inFreshIsolate)
    expect(lateCalls()).toBe(0)
  })

  test('finds nothing of all of this together, one after the other', () => {
    const lateCalls = countLateCalls()
    const run = oneIsolate()
    for (const { leave } of [...states, ...works]) run(leave)
    lateCalls()
    expect(run(looker).turns).toEqual(inFreshIsolate)
    expect(lateCalls()).toBe(0)
  })
})

describe('in a sandbox process', { tags: ['SA-1'] }, () => {
  test.each([...states, ...works])('$title leaves an isolate that is fit for the next guest, or none', (leftover) => {
    const { leave, isolate: fate = 'reused' } = { isolate: undefined, ...leftover }
    using guests = new ConsecutiveGuests()
    const guest = guests.run(leave, { timeoutMs })
    guests.rest()
    const next = guests.run('return typeof late + typeof left')
    expect(next.end).toMatchObject({ ok: true, result: '"undefinedundefined"' })
    const isSame = next.isolate === guest.isolate
    expect(isSame).toBe(!guest.isolate.isDisposed)
    expect([isSame ? 'reused' : 'disposed', 'either']).toContain(fate)
  })

  test.each([
    ['was stopped by its timeout', 'for (;;);', 50, 'stopped'],
    ['goes on after its end', 'queueMicrotask(function go() { queueMicrotask(go) }); return 1', 50, 'stopped'],
    [
      'blocks after its end',
      '(async () => { for (let i = 0; i < 40; i++) await null; for (;;); })(); return 1',
      50,
      'stopped',
    ],
    // The turn has not happened: it runs again in an isolate of its own.
    ['ran out of memory', 'const all = []; for (;;) all.push(new Array(1e5).fill(1.5))', timeoutMs, 'skipped'],
    ['ran out of buffers', 'const all = []; for (;;) all.push(new Uint8Array(1e7))', timeoutMs, 'skipped'],
  ])('no other guest gets the isolate of one that %s', (_, code, turnTimeoutMs, type) => {
    using guests = new ConsecutiveGuests()
    guests.run('return 1')
    guests.rest()
    const guest = guests.run(code, { timeoutMs: turnTimeoutMs })
    expect(guest).toMatchObject({ hasEndedByItself: false, end: { type }, isolate: { isDisposed: true } })
    expect(guests.run(looker).turns).toEqual(inFreshIsolate)
  })
})
