import type { JournalEntry, TurnEffects } from '@codemode/shared'
import { expect, test } from 'vitest'

import type { GuestDelivery, Sandbox, TurnOptions, TurnOutcome } from '../../sandbox/sandbox.ts'
import { traceClaim } from '../../tracing/spans.ts'
import { combineObservers } from '../engine-observer.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { answer, callsOf, claim, createdAt, effectsOf, headerOf, turn } from '../state/journal.test-support.ts'
import { JournalLog } from '../state/journal-log.ts'
import { answersAhead } from './answers-ahead.ts'
import { ExecutionRunner } from './execution-runner.ts'
import { Pacer } from './pacer.ts'

const start = { kind: 'start' } as const

/** Returns the calls whose answers are sent ahead after these entries. */
function aheadAfter(entries: readonly JournalEntry[], limits = {}): unknown[] {
  const header = headerOf()
  const journal = new JournalLog({ ...header, limits: { ...header.limits, ...limits } })
  const state = new ExecutionState(journal.header)
  for (const entry of entries) {
    journal.append(entry)
    state.apply(entry)
  }
  return answersAhead({ state, journal }, createdAt + 12).map((delivery) => 'call' in delivery && delivery.call)
}

test('answers that wait are sent with the first one, up to one that a timer precedes', () => {
  const calls = { calls: callsOf(1, 2, 3) }
  const arrived = [answer(4, 3), answer(5, 1), answer(11, 2)]
  expect(aheadAfter([claim(1), turn([1, 2], start, calls), ...arrived])).toEqual([1, 2])
  expect(aheadAfter([claim(1), turn([1, 2], start, { ...calls, nextTimerAt: createdAt + 10 }), ...arrived])).toEqual([
    1,
  ])
  expect(aheadAfter([claim(1), turn([1, 2], start, calls)])).toEqual([])
})

test('answers are sent ahead up to a number and a length, and only if there is CPU time left', () => {
  const numbers = Array.from({ length: 20 }, (_, i) => i + 1)
  const made = [claim(1), turn([1, 2], start, { calls: callsOf(...numbers) })]
  const arrived = numbers.map((call) => answer(4, call))
  const large = arrived.map((entry) => ({ ...entry, text: JSON.stringify('x'.repeat(100_000)) }))
  expect(aheadAfter([...made, ...arrived])).toHaveLength(15)
  expect(aheadAfter([...made, ...large])).toHaveLength(2)
  expect(aheadAfter([...made, ...arrived], { cpuTimeoutMs: 1_001 })).toHaveLength(15)
  expect(aheadAfter([...made, ...arrived], { cpuTimeoutMs: 1_000 })).toEqual([])
})

/** Outcome of the turn of an answer; `lost` if the guest is gone. */
type Reply = Partial<TurnEffects> | 'lost'

/**
 * Runs an execution with four calls, whose answers arrive at once. The guest begins the turns of
 * all answers that it gets ahead. Resolves with the entries of the turns and what the guest was sent, as call numbers.
 */
async function run(replyTo: (call: number, sentBefore: number) => Reply) {
  const ended = Promise.withResolvers<void>()
  const sent: number[][] = []
  let closed = 0
  const outcomeOf = (delivery: GuestDelivery, ahead: readonly GuestDelivery[]): TurnOutcome => {
    if (delivery.kind !== 'answer')
      return { type: 'turn', cpuMs: 1, effects: effectsOf({ calls: callsOf(1, 2, 3, 4) }) }
    const reply = replyTo(delivery.call, sent.length)
    if (reply === 'lost') return { type: 'lost' }
    const [first, ...rest] = ahead
    const next = first && { next: Promise.resolve().then(() => outcomeOf(first, rest)) }
    return { type: 'turn', cpuMs: 1, effects: effectsOf(reply), ...next }
  }
  const guest = {
    async turn(delivery: GuestDelivery, { ahead = [] }: TurnOptions): Promise<TurnOutcome> {
      sent.push([delivery, ...ahead].flatMap((each) => (each.kind === 'answer' ? [each.call] : [])))
      return outcomeOf(delivery, ahead)
    },
    close: () => void (closed += 1),
  }
  const journal = new JournalLog(headerOf())
  const state = new ExecutionState(journal.header)
  let now = createdAt
  const runner = new ExecutionRunner({
    journal,
    state,
    trace: traceClaim(headerOf(), { label: undefined, epoch: 1 }),
    append: () => undefined,
    sendsAnswersAhead: true,
    sandbox: { versions: journal.header.runtime, placeGuest: () => guest } as Partial<Sandbox> as Sandbox,
    placement: { tenant: 't', isolation: 'tenant' },
    transport: { call: async () => ({ ok: true, output: 1 }) },
    pacer: new Pacer(),
    now: () => ++now,
    onTurnRequested() {},
    onEnded: ended.resolve,
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
    observed: {
      executionId: 'exe_1',
      correlationId: 'cor_1',
      tenant: 't',
      keyId: 'k',
      label: undefined,
      kind: 'attached',
      session: undefined,
      toolTransport: 'callback',
    },
  })
  const wallTimeout = { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: 60_000 } as const
  void runner.run({ epoch: 1, node: 'one', wallTimeout })
  await ended.promise
  const turns = journal.snapshot().entries.filter((entry) => entry.type === 'turn')
  return { state, sent, closed, turns }
}

const end: TurnEffects['end'] = { ok: true, result: '1' }

test('the turns of a message are committed one after the other, and have its time', async () => {
  const { state, sent, turns } = await run((call) => (call === 4 ? { end } : {}))
  expect(state.outcome).toMatchObject({ status: 'completed' })
  expect(sent).toEqual([[], [1, 2, 3, 4]])
  expect(turns.map(({ delivery }) => delivery)).toEqual([
    start,
    ...[1, 2, 3, 4].map((call) => ({ kind: 'answer', call })),
  ])
  const times = turns.flatMap(({ at, endedAt }) => [at, endedAt])
  expect(times).toEqual(times.toSorted((one, other) => one - other))
  expect(new Set(turns.slice(1).map(({ at }) => at)).size).toBe(1)
})

test('a turn that is lost within a message runs again after a replay, at the same time', async () => {
  const { state, sent, turns } = await run((call, before) => {
    if (call === 3 && before === 2) return 'lost'
    return call === 4 ? { end } : {}
  })
  expect(state).toMatchObject({ outcome: { status: 'completed' }, replays: 1 })
  // The replay delivers the start and the first two answers.
  expect(sent).toEqual([[], [1, 2, 3, 4], [], [1], [2], [3], [4]])
  expect(turns.map(({ at }) => at)).toEqual(turns.map(({ at }) => at).toSorted((one, other) => one - other))
  expect(turns[3]!.at).toBe(turns[2]!.at)
})

test('turns of a message that put out more than allowed together end the execution, and close the guest', async () => {
  const logs = [{ level: 'log' as const, text: 'x'.repeat(40 * 1024) }]
  const { state, closed, turns } = await run(() => ({ logs }))
  expect(state).toMatchObject({ outcome: { error: { code: 'SANDBOX_CRASHED' } }, logs: [{}] })
  expect(turns).toHaveLength(2)
  expect(closed).toBe(1)
})
