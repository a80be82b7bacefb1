import { seededRandom } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { isSoak, seedOf } from '../support/seed.ts'
import { SessionGuest } from '../support/session-guest.ts'
import { V8Repl } from '../support/v8-repl.ts'
import { outputOf, replaySession, runRandomSession } from './random-sessions.ts'
import { RandomSteps } from './random-steps.ts'

test("generated steps agree with V8's REPL mode", { repeats: isSoak ? 9 : 0 }, async ({ annotate }) => {
  const seed = seedOf(1)
  await annotate(`CODEMODE_FUZZ_SEED=${seed}: 300 sequences of 3 steps`)
  const repl = await V8Repl.open()
  for (let n = 0; n < 300; n++) {
    const generator = new RandomSteps(seededRandom(seed + n))
    const steps = Array.from({ length: 3 }, () => generator.next())
    using session = new SessionGuest()
    expect(session.run(...steps), `seed ${seed + n}: ${JSON.stringify(steps)}`).toEqual(await repl.run(steps))
  }
  repl.close()
})

const steps = isSoak ? 20 : 5

test('a session that is replayed after any of its steps puts out the same', async ({ annotate }) => {
  const seed = seedOf(1)
  await annotate(`CODEMODE_FUZZ_SEED=${seed}: 50 sessions of ${steps} steps`)
  for (let n = 0; n < 50; n++) {
    using session = runRandomSession(seededRandom(seed + n), steps)
    const output = session.turns.map(({ reply }) => outputOf(reply))
    const ends = session.turns.flatMap(({ reply }, at) => (reply.type === 'turn' && reply.variables ? [at + 1] : []))
    expect(ends).toHaveLength(steps)
    for (const end of ends)
      expect(replaySession(session.turns.slice(0, end)), `seed ${seed + n}`).toEqual(output.slice(0, end))
  }
})

test('a session of many steps keeps its variables', { tags: ['SE-1'] }, () => {
  const count = isSoak ? 10_000 : 500
  using session = new SessionGuest()
  session.step('let sum = 0')
  for (let n = 0; n < count; n++) session.step(`const c${n % 7} = ${n}; sum += c${n % 7}`)
  expect(session.run('sum')).toEqual([(count * (count - 1)) / 2])
})
