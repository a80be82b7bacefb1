/**
 * Tests a sandbox process that was taken over, as a real process: whatever it writes, its turn ends and the pool
 * continues.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath, pid } from 'node:process'
import { fileURLToPath } from 'node:url'

import fc from 'fast-check'
import { defaultRequestLimits, fixedLimits } from '@codemode/shared'
import { expect, test } from 'vitest'

import { encodeFrame } from '../../packages/executor/src/sandbox/frames.ts'
import type { Jail } from '../../packages/executor/src/sandbox/jail/jails.ts'
import { ProcessPool } from '../../packages/executor/src/sandbox/process-pool.ts'
import type { GuestSpec, TurnOutcome } from '../../packages/executor/src/sandbox/sandbox.ts'
import { descendantsOf } from '@codemode/testkit'
import { stream } from './hostile-messages.ts'
import { fuzzRuns, fuzzTimeoutMs } from './runs.ts'

const program = fileURLToPath(new URL('lying-process.ts', import.meta.url))

const spec: GuestSpec = {
  code: '1',
  input: 'null',
  context: '{}',
  config: '{}',
  tools: ['x'],
  limits: { ...defaultRequestLimits, ...fixedLimits },
  seed: '0'.repeat(64),
}

/** Answer that is sent with the turn. */
const ahead = [{ kind: 'answer', at: 1, call: 1, ok: true, text: '1' }] as const

/**
 * Resolves with the outcome of a turn in a process that writes these bytes when it gets the turn; with that of the turn that
 * follows, if the guest has begun it.
 */
async function turnAgainst(
  bytes: Buffer,
  { chunkBytes = 100, timeoutMs = 60_000 }: { chunkBytes?: number; timeoutMs?: number } = {},
): Promise<TurnOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-lies-'))
  await writeFile(join(folder, 'lies'), bytes)
  const jail: Jail = {
    tier: 'permissions',
    layers: [],
    command: [execPath, program, join(folder, 'lies'), String(chunkBytes)],
  }
  const pool = await ProcessPool.start({ size: 1, jails: [jail] })
  try {
    const guest = pool.placeGuest(spec, { tenant: 't', isolation: 'tenant' })
    const options = { cpuMs: timeoutMs, expectedSlowdown: 1, wallMs: timeoutMs, maxWaitMs: timeoutMs, ahead }
    const outcome = await guest.turn({ kind: 'start', at: 1 }, options)
    return outcome.type === 'turn' && outcome.next !== undefined ? await outcome.next : outcome
  } finally {
    await pool[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
}

const effects = { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null }
const turn = (guest: number) => ({ type: 'turn', guest, cpuMs: 1, unfitForNewGuests: false, guestBytes: 1, effects })
const calls = (count: number, length: number) => ({
  type: 'calls',
  guest: 1,
  calls: Array.from({ length: count }, (_, i) => ({ call: i + 1, tool: 'x', input: 'x'.repeat(length) })),
})
const followed = (more: object = {}) => ({ ...turn(1), isFollowed: true, effects: { ...effects, ...more } })
const freed = { type: 'freed', guest: 1, guestBytes: 1 }
const versions = { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' }

test.each([
  ['the turn of a guest without a turn', [turn(7)]],
  ['a second time that it is ready', [{ type: 'ready', versions }]],
  ['more calls than an execution may make', [calls(1_001, 1)]],
  ['more calls than a journal holds, in many frames', Array.from({ length: 20 }, () => calls(1, 1e6))],
  ['a message of calls without any call', [calls(0, 0)]],
  [
    'its isolates more often than it does',
    Array.from({ length: 100 }, () => ({ type: 'isolates', unused: 1, used: 1 })),
  ],
  ['more turns than were requested', [followed(), followed()]],
  ['a turn that follows one with calls', [followed({ calls: calls(1, 1).calls })]],
  ['a turn that follows one with calls in a frame of their own', [calls(1, 1), followed()]],
  ['a turn that follows the end', [followed({ end: { ok: true, result: '1' } })]],
  ['memory that it has freed, more often than it had guests', Array.from({ length: 2 }, () => freed)],
  ['a message of an unknown type', [{ type: 'root' }]],
  ['a turn with an unknown field', [{ ...turn(1), more: 1 }]],
  ['a turn with an optional field of a wrong type', [{ ...turn(1), variables: 'x' }]],
])('a process that reports %s is ended together with its turn', { tags: ['TL-3'] }, async (_what, messages) => {
  const outcome = await turnAgainst(Buffer.concat(messages.map((message) => encodeFrame(message))), {
    chunkBytes: 65_536,
  })
  expect(outcome).toMatchObject({ type: 'crashed', wasAlone: false })
})

test(
  'a process that sends only the header of a frame holds its turn no longer than the time of the turn',
  { tags: ['TL-3'] },
  async () => {
    expect(await turnAgainst(Buffer.from([0, 0x1f, 0xff, 0xff]), { timeoutMs: 50 })).toEqual({ type: 'killed' })
  },
)

test('a process that sends the header of a frame above the limit is ended', { tags: ['TL-3'] }, async () => {
  expect(await turnAgainst(Buffer.from([0x7f, 0xff, 0xff, 0xff]))).toMatchObject({ type: 'crashed', wasAlone: false })
})

test('a turn that follows another one has an outcome of its own', { tags: ['TL-3'] }, async () => {
  const log = { logs: [{ level: 'log', text: 'second' }] }
  const second = { ...turn(1), effects: { ...effects, ...log } }
  const both = Buffer.concat([encodeFrame(followed()), encodeFrame(second)])
  expect(await turnAgainst(both)).toMatchObject({ type: 'turn', effects: log })
})

test('a turn that is reported twice counts once', { tags: ['TL-3'] }, async () => {
  const twice = Buffer.concat([encodeFrame(turn(1)), encodeFrame(turn(1))])
  expect(await turnAgainst(twice)).toMatchObject({ type: 'turn', effects })
})

/** Returns whether a process that lies is alive. */
const hasLyingProcess = () => descendantsOf(pid).some(({ args }) => args.includes(program))

test(
  'a process that writes any bytes ends its turn and then itself',
  { tags: ['TL-3'], timeout: fuzzTimeoutMs },
  async () => {
    await fc.assert(
      fc.asyncProperty(stream, fc.integer({ min: 1, max: 500 }), async (bytes, chunkBytes) => {
        // Bytes that do not break the protocol leave the turn open until its time is over.
        const broken = Buffer.concat([bytes, Buffer.from([0xff, 0xff, 0xff, 0xff])])
        const { type } = await turnAgainst(broken, { chunkBytes, timeoutMs: 50 })
        expect(['turn', 'stopped', 'crashed', 'killed', 'lost']).toContain(type)
        await expect.poll(hasLyingProcess, { interval: 5 }).toBe(false)
      }),
      fuzzRuns(15),
    )
  },
)
