import type { JournalEntry } from '@codemode/shared'
import { expect, test } from 'vitest'

import { callDeadline } from './call-deadline.ts'
import { ExecutionState } from './execution-state.ts'
import { answer, callsOf, claim, createdAt, headerOf, turn } from './journal.test-support.ts'

const { toolTimeoutMs } = headerOf().limits
const start = { kind: 'start' } as const
const made = turn([1, 2], start, { calls: callsOf(1, 2) })
const lateClaim = (afterMs: number, epoch: number) => ({ ...claim(afterMs, epoch), endsAt: createdAt + 9_000_000 })

/** Returns the deadlines of the open calls after the entries, in milliseconds after the creation. */
function deadlinesAfter(...entries: JournalEntry[]): number[] {
  const state = new ExecutionState(headerOf())
  for (const entry of entries) state.apply(entry)
  return state.calls.firstOpen().map((call) => callDeadline(state, call).ownAt - createdAt)
}

test('the deadline of a call is the time at which it was sent, plus its timeout', () => {
  expect(deadlinesAfter(claim(1), made)).toEqual([2 + toolTimeoutMs, 2 + toolTimeoutMs])
})

test("a tool's own timeout sets it, and the end of the execution's timeout limits it", () => {
  const state = new ExecutionState(headerOf())
  state.apply(claim(1))
  const call = { ...made, effects: { ...made.effects, calls: [{ call: 1, tool: 'slow', input: '1' }] } }
  const [sent] = state.apply(call).sent
  const ownAt = createdAt + 60_002
  expect(callDeadline(state, sent!)).toEqual({ at: state.endsAt, ownAt, timeoutMs: 60_000, option: 'timeoutMs' })
})

test('the time between the last entry before a crash and the claim after it does not count', () => {
  const crashed = [claim(1), made, answer(100, 2), lateClaim(600_100, 2)]
  expect(deadlinesAfter(...crashed)).toEqual([2 + toolTimeoutMs + 600_000])
  expect(deadlinesAfter(...crashed, lateClaim(700_100, 3))).toEqual([2 + toolTimeoutMs + 700_000])
})

test('the time in which the execution was handed over does not count', () => {
  const handedOver = [claim(1), made, { type: 'park', at: createdAt + 20_000 } as const, lateClaim(50_000, 2)]
  const at = 2 + toolTimeoutMs + 30_000
  expect(deadlinesAfter(...handedOver)).toEqual([at, at])
})

test('a call that is sent after a downtime has its timeout from then on', () => {
  const limits = { ...headerOf().limits, toolCallsInFlight: 1 }
  const state = new ExecutionState(headerOf({ limits }))
  for (const entry of [claim(1), made, lateClaim(1_000, 2)]) state.apply(entry)
  const [sent] = state.apply(answer(2_000, 1)).sent
  expect(callDeadline(state, sent!).ownAt - createdAt).toBe(2_000 + toolTimeoutMs)
})
