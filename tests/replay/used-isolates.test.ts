/**
 * The journal alone determines what a guest does: the deliveries of a guest that ran in an isolate that others had used
 * before give the same output in an isolate that nobody has used, and the other way round.
 *
 * How deep the stack is when it overflows is not determined by the journal, with or without reuse: it depends on which
 * functions V8 has compiled meanwhile. Programs that overflow it are listed apart.
 */
import { expect, test } from 'vitest'

import { seededRandom } from '@codemode/testkit'
import { entropyPrograms } from '../hostile/entropy-programs.ts'
import { memoryLeftovers } from '../hostile/remaining-memory.ts'
import { leftovers } from '../hostile/remaining-state.ts'
import { remainingWork } from '../hostile/remaining-work.ts'
import {
  ConsecutiveGuests,
  type GuestTurn,
  newIsolate,
  type PastGuest,
  repeatGuest,
} from '../support/consecutive-guests.ts'
import { isSoak, repeatedInSoak, seedOf } from '../support/seed.ts'
import { randomPrograms } from './random-programs.ts'

const count = isSoak ? 1_000 : 150
const tools = ['a', 'b', 'fail', 'echo', 'fails']
const seedOfGuest = (n: number) => String(n).padStart(64, '0')

/** Code of guests that leave something behind, which run between the others. */
const leavers = [
  ...[...leftovers, ...memoryLeftovers].filter(({ isolate }) => isolate === undefined).map(({ leave }) => leave),
  ...remainingWork.map(({ leave }) => `const late = () => {}; ${leave}`),
]

/** Repeats a guest in an isolate of its own, and returns its turns there. */
function repeatInNewIsolate({ turns }: PastGuest, code: string, seed: string): GuestTurn[] {
  const isolate = newIsolate()
  try {
    return repeatGuest(isolate, code, { seed, tools, deliveries: turns.map(({ delivery }) => delivery) })
  } finally {
    isolate.dispose()
  }
}

/** Returns turns without the depth that the program has counted. */
function withoutDepth(turns: readonly GuestTurn[]): unknown {
  return JSON.parse(JSON.stringify(turns).replaceAll(/"result":"\d{3,}"/g, '"result":"deep"'))
}

test('random programs do the same in used isolates as in new ones', repeatedInSoak, async ({ annotate }) => {
  const seed = seedOf(42)
  await annotate(`CODEMODE_FUZZ_SEED=${seed}: ${count} programs`)
  const random = seededRandom(seed)
  const answer = (input: string) =>
    random() < 0.2
      ? { ok: false, text: JSON.stringify({ code: 'TOOL_ERROR', name: 'Error', message: 'no', retryable: false }) }
      : { ok: true, text: JSON.stringify({ input, random: random() }) }
  using guests = new ConsecutiveGuests()
  const programs = [...randomPrograms(seed, count), ...entropyPrograms, ...entropyPrograms]
  let used = 0
  let turns = 0
  for (const [n, code] of programs.entries()) {
    if (n % 20 === 5) guests.run(`${leavers[Math.floor(n / 20) % leavers.length]}; return 1`)
    if (n % 4 === 0) guests.rest()
    const options = { seed: seedOfGuest(n), tools, answer, random }
    const guest = guests.run(code, options)
    if (guest.hadEarlierGuests) used += 1
    turns += guest.turns.length
    expect({ code, turns: repeatInNewIsolate(guest, code, options.seed) }).toEqual({ code, turns: guest.turns })
  }
  expect(used).toBeGreaterThan(0.9 * programs.length)
  expect(turns).toBeGreaterThan(4 * count)
})

test.each([
  [
    'the stack by recursion',
    'let n = 0; const deep = () => { n++; deep() }; try { deep() } catch (e) { console.log(e.name) } return n',
  ],
  [
    'the stack by conversions',
    'let n = 0; const o = { toString() { n++; return `${o}` } }; try { `${o}` } catch (e) { console.log(e.name) } return n',
  ],
  [
    'the stack by JSON',
    'let n = 0; const o = { toJSON() { n++; return JSON.stringify(o) } }; try { JSON.stringify(o) } catch (e) { console.log(e.name) } return n',
  ],
])('a program that exhausts %s differs only in the depth', (_, code) => {
  using guests = new ConsecutiveGuests()
  guests.run('return 1')
  guests.rest()
  const guest = guests.run(code)
  expect(guest.hadEarlierGuests).toBe(true)
  const repeated = repeatInNewIsolate(guest, code, seedOfGuest(1))
  expect(withoutDepth(repeated)).toEqual(withoutDepth(guest.turns))
  expect(JSON.stringify(withoutDepth(repeated))).toContain('"result":"deep"')
})
