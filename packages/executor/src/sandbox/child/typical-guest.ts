import type { ExecutionSpec } from '../protocol.ts'
import type { GuestRuntime } from './isolates/guest-runtime.ts'
import { ReusableIsolate } from './isolates/reusable-isolate.ts'
import { defaultMemoryLimitMb } from './isolates/warm-isolates.ts'
import { openGuest } from './open-guest.ts'

const MiB = 1024 * 1024
const timeoutMs = 5_000

/**
 * Guest that uses the parts of the runtime that most code uses. The others are compiled in the isolates of the guests
 * that use them.
 */
const spec: ExecutionSpec = {
  code: `
    const all = await Promise.all(input.cities.map((city) => tools.weather({ city })))
    console.log('found', all.length)
    return { warmest: all[0] }`,
  input: '{"cities":["Oslo","Rome"]}',
  context: '{}',
  config: '{}',
  seed: '0'.repeat(64),
  tools: ['weather'],
  limits: {
    cpuTimeoutMs: timeoutMs,
    executionTimeoutMs: timeoutMs,
    toolTimeoutMs: timeoutMs,
    queueTimeoutMs: timeoutMs,
    memoryLimitMb: defaultMemoryLimitMb,
    maxToolCalls: 2,
    sourceBytes: MiB,
    inputBytes: MiB,
    resultBytes: MiB,
    toolInputBytes: MiB,
    toolOutputBytes: MiB,
    logBytes: MiB,
    journalBytes: MiB,
    toolCallsInFlight: 2,
    timers: 1,
  },
}

/**
 * Runs the typical guest, so that the functions of the runtime that it uses are compiled once for all later isolates.
 * The state that it leaves its isolate in is what is normal between two guests.
 */
export function compileForTypicalGuest(runtime: GuestRuntime): void {
  const isolate = new ReusableIsolate(runtime, defaultMemoryLimitMb)
  const host = openGuest(spec, isolate)
  const answer = { kind: 'answer', at: 1, ok: true, text: '{"celsius":21}' } as const
  host.turn({ kind: 'start', at: 0 }, timeoutMs)
  host.turn({ ...answer, call: 1 }, timeoutMs)
  const last = host.turn({ ...answer, call: 2 }, timeoutMs)
  if (last.type !== 'turn' || last.effects.end?.ok !== true)
    throw new Error('The guest runtime failed: it did not run the typical guest to its result')
  isolate.cacheCompiledCode()
  isolate.recordNormalState()
  isolate.dispose()
}
