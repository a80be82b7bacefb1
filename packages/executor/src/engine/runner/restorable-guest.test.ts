import { defaultRequestLimits, fixedLimits, type TurnEffects } from '@codemode/shared'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Placement, Sandbox, TurnOptions, TurnOutcome } from '../../sandbox/sandbox.ts'
import { AttachedRealm } from '../session/attached-realm.ts'
import { JournalLog } from '../state/journal-log.ts'
import type { GuestTurn } from './guest-turn.ts'
import { RestorableGuest } from './restorable-guest.ts'

const effects: TurnEffects = { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null }

function journalOf(cpuTimeoutMs: number): JournalLog {
  return new JournalLog({
    schemaVersion: 1,
    executionId: 'exe_1',
    correlationId: 'cor_1',
    code: 'return 1',
    input: 'null',
    context: '{}',
    config: '{}',
    limits: { ...defaultRequestLimits, ...fixedLimits, cpuTimeoutMs },
    tools: [],
    seed: '0'.repeat(64),
    startedAt: 0,
    runtime: { guestRuntime: '0', v8: '0', icu: '0', arch: 'x' },
  } as never)
}

/**
 * Runs one turn that needs `needMs` of CPU time on a machine that gives it one part in `slowdowns[attempt]` of the
 * time. V8 stops it by wall time, which is a number that the sandbox advances.
 */
async function runOnBusyMachine(needMs: number, cpuTimeoutMs: number, slowdowns: readonly number[]) {
  const wallTimeoutMs = 60_000
  let now = 0
  let attempts = 0
  const turn = async ({ cpuMs, expectedSlowdown, wallMs }: TurnOptions): Promise<TurnOutcome> => {
    const slowdown = slowdowns[attempts++ % slowdowns.length]!
    const timeoutMs = Math.min(cpuMs * expectedSlowdown, wallMs)
    const elapsedMs = Math.min(needMs * slowdown, timeoutMs)
    now += elapsedMs
    const usedMs = elapsedMs / slowdown
    if (usedMs >= needMs) return { type: 'turn', cpuMs: usedMs, effects }
    const { logsDropped } = effects
    return { type: 'stopped', reason: 'timeout', waitedForClock: false, cpuMs: usedMs, logs: [], logsDropped }
  }
  const sandbox = {
    placeGuest: () => ({ turn: (_delivery: unknown, options: TurnOptions) => turn(options), close() {} }),
  } as Partial<Sandbox> as Sandbox
  const guest = new RestorableGuest({
    sandbox,
    journal: journalOf(cpuTimeoutMs),
    state: { turns: 0, cpuMs: 0 },
    placement: { tenant: 't', isolation: 'tenant' },
  })
  const outcome: GuestTurn = await guest.turn({ kind: 'start', at: 1 }, () => wallTimeoutMs - now)
  const cpuMs = 'cpuMs' in outcome ? outcome.cpuMs : 0
  return { type: outcome.type, cpuMs, wallLeftMs: wallTimeoutMs - now, attempts }
}

// The backoff between attempts takes no time here.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  vi.setTimerTickMode('nextTimerAsync')
})
afterEach(() => {
  vi.useRealTimers()
})

test(
  'on a machine of any load a turn is stopped only when it has used its CPU time or the wall time is over',
  { tags: ['RT-3'] },
  async () => {
    const slowdown = fc.double({ min: 1, max: 40, noNaN: true })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4_000 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.array(slowdown, { minLength: 1, maxLength: 3 }),
        async (needMs, cpuTimeoutMs, slowdowns) => {
          const { type, cpuMs, wallLeftMs } = await runOnBusyMachine(needMs, cpuTimeoutMs, slowdowns)
          const isOver = wallLeftMs <= 0
          expect({ ended: type === 'turn' || isOver || cpuMs >= cpuTimeoutMs }).toEqual({ ended: true })
          expect({ within: needMs >= cpuTimeoutMs || isOver || type === 'turn' }).toEqual({ within: true })
          expect(cpuMs).toBeLessThanOrEqual(needMs + 0.001)
        },
      ),
      { numRuns: 100 },
    )
  },
)

test(
  'a turn that needs 60 % of its CPU time ends beside eight busy processes on two cores',
  { tags: ['RT-3'] },
  async () => {
    const { type, cpuMs, attempts } = await runOnBusyMachine(600, 1_000, [5])
    expect(type).toBe('turn')
    expect(cpuMs).toBeCloseTo(600)
    expect(attempts).toBe(2)
  },
)

test(
  'a session gets the variables after a turn only if the turn has kept its CPU limit',
  { tags: ['SE-4'] },
  async () => {
    const variables = [{ name: 'a', kind: 'let' }] as const
    const run = async (cpuMs: number) => {
      const turn = async (): Promise<TurnOutcome> => ({ type: 'turn', cpuMs, effects, variables })
      const realm = new AttachedRealm()
      const guest = new RestorableGuest({
        sandbox: { placeGuest: () => ({ turn, close() {} }) } as Partial<Sandbox> as Sandbox,
        journal: journalOf(1_000),
        state: { turns: 0, cpuMs: 0 },
        placement: { tenant: 't', isolation: 'tenant' },
        realm,
      })
      const { type } = await guest.turn({ kind: 'start', at: 1 }, () => 60_000)
      return { type, variables: realm.reportedVariables }
    }
    expect(await run(1_000)).toEqual({ type: 'turn', variables })
    expect(await run(1_500)).toEqual({ type: 'stopped', variables: undefined })
  },
)

/** Runs a turn after the one in the journal, on a node whose sandbox gives the replayed turns these outcomes, in order. */
async function restoreOn(v8: string, ...outcomes: readonly TurnOutcome[]) {
  const journal = journalOf(1_000)
  journal.append({ type: 'turn', at: 1, endedAt: 1, cpuMs: 1, delivery: { kind: 'start' }, effects })
  const placements: Placement[] = []
  const next = outcomes.values()
  const sandbox = {
    versions: { ...journal.header.runtime, v8 },
    placeGuest(_spec: unknown, placement: Placement) {
      placements.push(placement)
      return { turn: async () => next.next().value ?? { type: 'turn', cpuMs: 1, effects }, close() {} }
    },
  } as Partial<Sandbox> as Sandbox
  const placement = { tenant: 't', isolation: 'tenant' } as const
  const guest = new RestorableGuest({ sandbox, journal, state: { turns: 1, cpuMs: 0 }, placement })
  const outcome = await guest.turn({ kind: 'tick', at: 2 }, () => 60_000)
  return { outcome, placements }
}

const crash: TurnOutcome = { type: 'crashed', outOfMemory: false, wasAlone: true }
const stop: TurnOutcome = {
  type: 'stopped',
  reason: 'memory',
  waitedForClock: false,
  cpuMs: 1,
  logs: [],
  logsDropped: effects.logsDropped,
}
const divergence: TurnOutcome = { type: 'turn', cpuMs: 1, effects: { ...effects, nextTimerAt: 5 } }
const broken: TurnOutcome = { type: 'unrunnable', reason: 'broken' }

test('a guest needs the runtime that wrote its journal', async () => {
  const { outcome, placements } = await restoreOn('0')
  expect(outcome.type).toBe('turn')
  expect(placements).toEqual([{ tenant: 't', isolation: 'tenant', runtime: '0' }])
})

test.each([
  ['a crash', crash, 'because the sandbox process crashed'],
  ['a stop', stop, 'because turn 1 did not end within the limits'],
  ['another output', divergence, "in turn 1: the guest's output differs from that in its journal"],
])('%s in a replay with another V8 is a divergence that names the versions', async (_what, replayed, how) => {
  const { outcome } = await restoreOn('1', replayed)
  const message = `Replay diverged ${how}. This node has V8 1 instead of 0`
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'REPLAY_DIVERGED', message } })
})

test('with the same versions, a crash in a replay is a crash', async () => {
  const { outcome } = await restoreOn('0', crash)
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'SANDBOX_CRASHED' } })
})

test('a runtime that does not start is started again before the guest fails', async () => {
  const { outcome: late } = await restoreOn('0', broken, broken)
  expect(late.type).toBe('turn')
  const { outcome } = await restoreOn('0', broken, broken, broken)
  const message = 'The guest runtime 0 that wrote the journal does not start here'
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'RUNTIME_UNAVAILABLE', message } })
})

test('a runtime that is missing fails the guest at once', async () => {
  const { outcome, placements } = await restoreOn('0', { type: 'unrunnable', reason: 'missing' })
  const message = 'The guest runtime 0 that wrote the journal is neither that of this version nor in the store'
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'RUNTIME_UNAVAILABLE', message } })
  expect(placements).toHaveLength(1)
})

/** Runs a turn with a guest that is evicted, then one that is lost with its process, and then one that runs it. */
async function runAfterEviction(turns: number) {
  const evictedAt = performance.now() - 1_000
  const outcomes: TurnOutcome[] = [{ type: 'lost' }, { type: 'lost' }, { type: 'turn', cpuMs: 1, effects }]
  let placed = 0
  const sandbox = {
    placeGuest: () => {
      const outcome = outcomes[placed++]!
      return { turn: async () => outcome, close() {}, evictedAt: placed === 1 ? evictedAt : undefined }
    },
  } as Partial<Sandbox> as Sandbox
  const guest = new RestorableGuest({
    sandbox,
    journal: journalOf(1_000),
    state: { turns, cpuMs: 0 },
    placement: { tenant: 't', isolation: 'tenant' },
  })
  expect(await guest.turn({ kind: 'tick', at: 1 }, () => 60_000)).toMatchObject({ type: 'turn' })
  return { first: guest.takeRebuilds(), second: guest.takeRebuilds() }
}

const none = { replays: 0, evictedMsAgo: undefined }

test('the time of an eviction is kept when the rebuilt guest is lost too, and is reported once', async () => {
  const { first, second } = await runAfterEviction(1)
  expect(first).toEqual({ replays: 3, evictedMsAgo: expect.any(Number) })
  expect(first.evictedMsAgo).toBeGreaterThanOrEqual(1_000)
  expect(second).toEqual(none)
})

test('an eviction before the first turn is not that of the execution: it was that of its session, between two steps', async () => {
  expect(await runAfterEviction(0)).toEqual({ first: none, second: none })
})
