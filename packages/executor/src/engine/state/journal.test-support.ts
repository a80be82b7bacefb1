import {
  defaultRequestLimits,
  fixedLimits,
  journalVersion,
  type Delivery,
  type JournalHeader,
  type TurnEffects,
} from '@codemode/shared'

import type { EntryOf } from './changes.ts'

/** Time at which the executions of these tests are created, in milliseconds since the epoch. */
export const createdAt = Date.parse('2026-01-01T00:00:00.000Z')

export const executionId = 'exe_00000000-0000-7000-8000-000000000000'

/** Returns the header of an execution that may call the tools `echo` and `slow`. */
export function headerOf(more: Partial<JournalHeader> = {}): JournalHeader {
  return {
    version: journalVersion,
    executionId,
    correlationId: 'cor_0000000000000000',
    createdAt: new Date(createdAt).toISOString(),
    code: '',
    input: 'null',
    context: '{}',
    config: '{}',
    tools: [{ name: 'echo' }, { name: 'slow', timeoutMs: 60_000 }],
    limits: { ...defaultRequestLimits, ...fixedLimits, maxToolCalls: 1_000_000 },
    seed: '0'.repeat(64),
    runtime: { guestRuntime: '', v8: '', icu: '', arch: '' },
    ...more,
  }
}

/** Returns effects with the given fields, and nothing else in them. */
export function effectsOf(effects: Partial<TurnEffects>): TurnEffects {
  return { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null, ...effects }
}

/** Returns calls of the tool `echo` with the given numbers. */
export const callsOf = (...numbers: number[]) => numbers.map((call) => ({ call, tool: 'echo', input: `[${call}]` }))

/** Returns the entry of a claim at the given milliseconds after the creation, with 30 s to the timeout. */
export function claim(afterMs: number, epoch = 1): EntryOf<'claim'> {
  const at = createdAt + afterMs
  return { type: 'claim', at, epoch, node: 'a', endsAt: at + 30_000 }
}

/** Returns the entry of a turn that began and ended at the given milliseconds after the creation. */
export function turn(
  [began, ended]: readonly [number, number],
  delivery: Delivery,
  effects: Partial<TurnEffects>,
): EntryOf<'turn'> {
  const [at, endedAt] = [createdAt + began, createdAt + ended]
  return { type: 'turn', at, endedAt, cpuMs: 1, delivery, effects: effectsOf(effects) }
}

/** Returns the entry of a good answer that arrived at the given milliseconds after the creation. */
export function answer(afterMs: number, call: number): EntryOf<'answer'> {
  return { type: 'answer', at: createdAt + afterMs, call, ok: true, text: `"answer ${call}"` }
}
