import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, test } from 'vitest'

import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import type { Guest, GuestDelivery, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'

const limits = { ...defaultRequestLimits, ...fixedLimits }
const options = { cpuMs: 5_000, wallMs: 60_000, expectedSlowdown: 1, maxWaitMs: 60_000 }
const placement = { tenant: 'a', isolation: 'tenant' } as const
const texts = { input: 'null', context: '{}', config: '{}', seed: '0'.repeat(64) }
const count = 10

/** Starts a guest that calls a tool ten times at once and runs `onAnswer` for each answer `n`. Returns the answers to deliver. */
async function startedGuest(pool: ProcessPool, onAnswer: string) {
  const code = `
    let open = ${count}
    await Promise.all(Array.from({ length: ${count} }, async () => {
      const n = await tools.one()
      ${onAnswer}
      open -= 1
    }))
    return open`
  const guest = pool.placeGuest({ code, ...texts, limits, tools: ['one'] }, placement)
  const first = await guest.turn({ kind: 'start', at: 1 }, options)
  expect(first).toMatchObject({ type: 'turn', effects: { calls: { length: count } } })
  const answers = Array.from({ length: count }, (_, index): GuestDelivery => {
    return { kind: 'answer', at: 2, call: index + 1, ok: true, text: String(index + 1) }
  })
  return { guest, answers }
}

/** Makes deliveries until the guest has no further turn. Returns the outcomes, and the number of requests that they took. */
async function deliverAll(guest: Guest, answers: readonly GuestDelivery[], given = options) {
  const outcomes: TurnOutcome[] = []
  let requests = 0
  for (let isOpen = true; isOpen && outcomes.length < answers.length; requests += 1) {
    outcomes.push(...(await guest.turns(answers.slice(outcomes.length), given)))
    const last = outcomes.at(-1)!
    isOpen = last.type === 'turn' && last.effects.end === undefined
  }
  return { outcomes, requests }
}

test('each delivery is a turn of its own, and the one that ends the guest is the last', async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const { guest, answers } = await startedGuest(pool, `console.log(n); if (n === 8) throw new Error('enough')`)
  const { outcomes } = await deliverAll(guest, answers)
  expect(outcomes.map((outcome) => outcome.type === 'turn' && outcome.effects.logs.map(({ text }) => text))).toEqual(
    Array.from({ length: 8 }, (_, index) => [String(index + 1)]),
  )
  expect(outcomes.at(-1)).toMatchObject({ effects: { end: { ok: false, message: 'enough' } } })
  expect(await guest.turns(answers, options)).toEqual([{ type: 'lost' }])
})

test('the turns before one that is stopped have completed', async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const { guest, answers } = await startedGuest(pool, 'if (n === 3) for (;;);')
  const { outcomes } = await deliverAll(guest, answers, { ...options, cpuMs: 100 })
  expect(outcomes).toMatchObject([{ type: 'turn' }, { type: 'turn' }, { type: 'stopped', reason: 'timeout' }])
})

test('the turns before one that exhausts the memory have completed', async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const { guest, answers } = await startedGuest(
    pool,
    'if (n === 2) for (const all = []; ; ) all.push(new Array(1e5).fill(n))',
  )
  const { outcomes } = await deliverAll(guest, answers)
  expect(outcomes).toMatchObject([{ type: 'turn' }, { type: 'stopped', reason: 'memory' }])
})

test('turns that take long do not hold back their effects: the rest is left to further turns', async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const busy = 'const all = []; while (all.length < 1e6) all.push(n)'
  const { guest, answers } = await startedGuest(pool, busy)
  const { outcomes, requests } = await deliverAll(guest, answers)
  expect(outcomes.map(({ type }) => type)).toEqual(answers.map(() => 'turn'))
  expect(requests).toBeGreaterThan(1)
})
