import { defaultRequestLimits, fixedLimits, type TurnEffects } from '@codemode/shared'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Sandbox, TurnOptions, TurnOutcome } from '../../sandbox/sandbox.ts'
import { JournalLog } from '../state/journal-log.ts'
import { RestorableGuest, type GuestTurn } from './restorable-guest.ts'

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
