/** Tests the turns of deliveries that a sandbox process gets in one message. */
import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, test } from 'vitest'

import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import type { Guest, GuestDelivery, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'
import { killSandboxProcesses, sandboxProcesses } from '@codemode/testkit'

const limits = { ...defaultRequestLimits, ...fixedLimits }
const options = { cpuMs: 5_000, wallMs: 60_000, expectedSlowdown: 1, maxWaitMs: 60_000 }
const placement = { tenant: 'a', isolation: 'tenant' } as const
const calls = 6

const answerTo = (call: number): GuestDelivery => ({ kind: 'answer', at: 100, call, ok: true, text: String(call) })
const step = (number: number, code: string): GuestDelivery => ({
  kind: 'step',
  at: 1,
  step: { number, code, input: 'null', limits, seed: '0'.repeat(64), tools: ['one'] },
})
const answers = Array.from({ length: calls }, (_, i) => answerTo(i + 1))

/** Places a guest that calls the tool `one` for each answer, and runs `onAnswer` in the turn of each. */
async function placeCaller(pool: ProcessPool, onAnswer: string, rest = 'await Promise.all(all)'): Promise<Guest> {
  const code = `
    async function onAnswer(n) { ${onAnswer} }
    const all = Array.from({ length: ${calls} }, () => tools.one().then(onAnswer))
    ${rest}`
  const spec = { code, input: 'null', context: '{}', config: '{}', limits, seed: '0'.repeat(64), tools: ['one'] }
  const guest = pool.placeGuest(spec, placement)
  expect(await guest.turn({ kind: 'start', at: 1 }, options)).toMatchObject({ type: 'turn' })
  return guest
}

/** Delivers the answers from the given one on in a message. Resolves with the first outcome, and the promise of the next. */
async function deliver(guest: Guest, from = 0, turnOptions = options) {
  const [first, ...ahead] = answers.slice(from)
  const outcome = await guest.turn(first!, { ...turnOptions, ahead })
  return { outcome, next: outcome.type === 'turn' ? outcome.next : undefined }
}

/** Delivers the answers in a message. Resolves with the outcomes of all turns that the process has made. */
async function outcomesOf(guest: Guest, from = 0, turnOptions = options): Promise<TurnOutcome[]> {
  const { outcome, next } = await deliver(guest, from, turnOptions)
  const outcomes = [outcome]
  for (let last = await next; last !== undefined; last = last.type === 'turn' ? await last.next : undefined) {
    outcomes.push(last)
  }
  return outcomes
}

/** Repeats an attempt until it gives a value. A busy machine takes too long for a second turn in the same message. */
async function untilFollowed<Value>(attempt: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await attempt()
    if (value !== undefined) return value
  }
}

const logsOf = (outcome: TurnOutcome) =>
  (outcome.type === 'turn' ? outcome.effects : outcome.type === 'stopped' ? outcome : { logs: [] }).logs.map(
    ({ text }) => text,
  )

test('answers in one message have a turn and an outcome each, and the same time', { tags: ['TL-4'] }, async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const messages = await untilFollowed(async () => {
    const guest = await placeCaller(pool, 'console.log(n, Date.now())')
    const outcomes: TurnOutcome[] = []
    let messages = 0
    for (; outcomes.length < calls; messages++) outcomes.push(...(await outcomesOf(guest, outcomes.length)))
    expect(outcomes.map(logsOf)).toEqual(answers.map((_, i) => [`${i + 1} 100`]))
    expect(outcomes.at(-1)).toMatchObject({ type: 'turn', effects: { end: { ok: true } } })
    return messages < calls ? messages : undefined
  })
  expect(messages).toBeLessThan(calls)
})

test('a turn with a call is the last one of its message', { tags: ['TL-4'] }, async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const { guest, outcomes } = await untilFollowed(async () => {
    const guest = await placeCaller(pool, 'if (n === 2) tools.one()')
    const outcomes = await outcomesOf(guest)
    return outcomes.length > 1 ? { guest, outcomes } : undefined
  })
  expect(outcomes).toMatchObject([{ effects: { calls: [] } }, { effects: { calls: [{ call: calls + 1 }] } }])
  // The rest of the message was not delivered.
  expect(await guest.turn(answerTo(3), options)).toMatchObject({ type: 'turn' })
})

test(
  'the turn in which a step ends is the last one of its message, and the guest is kept',
  { tags: ['SE-1'] },
  async () => {
    await using pool = await ProcessPool.start({ size: 1 })
    const guest = await untilFollowed(async () => {
      const guest = pool.placeGuest({ kind: 'session', context: '{}', config: '{}', limits }, placement)
      await guest.turn(
        step(
          1,
          `let seen = []
        const all = Array.from({ length: ${calls} }, () => tools.one().then((n) => seen.push(n)))
        await all[1]`,
        ),
        options,
      )
      const outcomes = await outcomesOf(guest)
      if (outcomes.length === 1) return undefined
      expect(outcomes).toMatchObject([{ effects: { calls: [] } }, { effects: { end: { ok: true } } }])
      return guest
    })
    expect(await guest.turn(step(2, 'seen'), options)).toMatchObject({
      effects: { end: { ok: true, result: '[1,2]' } },
    })
  },
)

test('a turn that exceeds its CPU time is stopped, and those before it are kept', { tags: ['RT-3'] }, async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const outcomes = await untilFollowed(async () => {
    const guest = await placeCaller(pool, 'console.log(n); if (n === 2) for (;;);')
    const outcomes = await outcomesOf(guest, 0, { ...options, cpuMs: 50 })
    return outcomes.length > 1 ? outcomes : undefined
  })
  expect(outcomes).toMatchObject([{ type: 'turn' }, { type: 'stopped', reason: 'timeout' }])
  expect(outcomes.map(logsOf)).toEqual([['1'], ['2']])
})

/** Delivers answers until the second turn of a message, which never ends, has begun. */
function endlessTurn(pool: ProcessPool) {
  return untilFollowed(async () => {
    const guest = await placeCaller(pool, 'if (n === 2) for (;;);')
    const { next } = await deliver(guest)
    if (next === undefined) guest.close()
    return next && { guest, next }
  })
}

test('a turn is reported before the next one of its message ends', { tags: ['SA-6'] }, async () => {
  await using pool = await ProcessPool.start({ size: 1 })
  const { next } = await endlessTurn(pool)
  killSandboxProcesses()
  expect(await next).toEqual({ type: 'killed' })
})

test(
  'the process of a guest that is closed within a message ends after the grace period',
  { tags: ['EX-9'] },
  async () => {
    await using pool = await ProcessPool.start({ size: 1 })
    const { guest, next } = await endlessTurn(pool)
    const [before] = sandboxProcesses()
    guest.close()
    expect(await next).toEqual({ type: 'lost' })
    await expect.poll(() => sandboxProcesses()).not.toContain(before)
  },
)
