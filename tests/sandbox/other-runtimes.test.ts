/** Guests that need the guest runtime of another version, in real sandbox processes. */
import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { sandboxProcesses } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { checkWaiting } from '../../packages/executor/src/command/check-waiting.ts'
import { headerOf } from '../../packages/executor/src/engine/state/journal.test-support.ts'
import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import { runtimeTextOf, type RuntimeText } from '../../packages/executor/src/sandbox/runtime-source.ts'
import type { GuestSpec, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'
import { otherRuntime } from '../support/other-runtime.ts'

const spec: GuestSpec = {
  code: "console.log('hello'); await tools.x()",
  input: 'null',
  context: '{}',
  config: '{}',
  tools: ['x'],
  limits: { ...defaultRequestLimits, ...fixedLimits },
  seed: '0'.repeat(64),
}

const broken = runtimeTextOf(JSON.stringify({ runtime: '(function () { throw new Error("broken") })()', parts: {} }))

async function startPool(stored: readonly RuntimeText[], options: { maxProcesses?: number } = {}) {
  const texts = new Map(stored.map(({ hash, text }) => [hash, text]))
  return ProcessPool.start({ size: 1, readRuntime: async (hash) => texts.get(hash), ...options })
}

/** Runs the first turn of a guest. */
function start(pool: ProcessPool, runtime?: string): Promise<TurnOutcome> {
  const guest = pool.placeGuest(spec, { tenant: 't', isolation: 'tenant', ...(runtime !== undefined && { runtime }) })
  const options = { cpuMs: 5_000, expectedSlowdown: 1, wallMs: 30_000, maxWaitMs: 30_000 }
  return guest.turn({ kind: 'start', at: 1 }, options)
}

function logOf(outcome: TurnOutcome): string | undefined {
  return outcome.type === 'turn' ? outcome.effects.logs[0]?.text : outcome.type
}

test('guests run the runtime that they need, and those with the same one share a process', async () => {
  const other = await otherRuntime()
  await using pool = await startPool([other])
  expect(pool.versions.guestRuntime).not.toBe(other.hash)
  expect(logOf(await start(pool))).toBe('hello')
  expect(logOf(await start(pool, pool.versions.guestRuntime))).toBe('hello')
  // The process of the tenant, and an unused one.
  await expect.poll(() => sandboxProcesses()).toHaveLength(2)
  expect(logOf(await start(pool, other.hash))).toBe('old: hello')
  expect(logOf(await start(pool, other.hash))).toBe('old: hello')
  expect(sandboxProcesses()).toHaveLength(3)
  expect(logOf(await start(pool))).toBe('hello')
})

test('at the maximum number of processes, one with another runtime takes the place of an unused one', async () => {
  const other = await otherRuntime()
  await using pool = await startPool([other], { maxProcesses: 1 })
  expect(logOf(await start(pool, other.hash))).toBe('old: hello')
  await expect.poll(() => sandboxProcesses()).toHaveLength(1)
})

test('a runtime that is not stored, or that has another hash, makes its guests unrunnable', async () => {
  const other = await otherRuntime()
  const forged = { hash: 'f'.repeat(64), text: other.text }
  await using pool = await startPool([forged])
  expect(await start(pool, 'a'.repeat(64))).toEqual({ type: 'unrunnable', reason: 'missing' })
  expect(await start(pool, forged.hash)).toEqual({ type: 'unrunnable', reason: 'missing' })
})

test('a runtime that does not start makes its guests unrunnable, and the others run as before', async () => {
  await using pool = await startPool([broken])
  const failed = start(pool, broken.hash)
  expect(logOf(await start(pool))).toBe('hello')
  expect(await failed).toEqual({ type: 'unrunnable', reason: 'broken' })
  expect(logOf(await start(pool))).toBe('hello')
})

async function* queuedJournals() {
  yield [{ header: headerOf({ runtime: { guestRuntime: 'abc', v8: '1', icu: '2', arch: 'x' } }), entries: [] }]
}

test('check-waiting also finds that the runtime of an execution without turns is missing', async () => {
  const reports: string[] = []
  const unfinished = { journals: queuedJournals, findRuntime: async () => undefined }
  const check = await checkWaiting(unfinished, (text) => reports.push(text))
  expect(check.ok).toBe(false)
  expect(reports.join()).toContain(
    'the guest runtime abc that wrote the journal is neither that of this version nor in',
  )
})
