/**
 * Tests the reading of messages from a sandbox process that was taken over, up to the check of their effects in the
 * engine.
 */
import fc from 'fast-check'
import { executionResultSchema, fixedLimits, type TurnEffects } from '@codemode/shared'
import { expect, test } from 'vitest'
import { ZodError } from 'zod'

import { EffectsAccount } from '../../packages/executor/src/engine/state/effects-account.ts'
import { FrameError, FrameReader } from '../../packages/executor/src/sandbox/frames.ts'
import { sandboxMessageSchema, type SandboxMessage } from '../../packages/executor/src/sandbox/protocol.ts'
import { defaultMaxLimits } from '../../packages/executor/src/api-keys.ts'
import { api } from '@codemode/testkit'
import { noEffects, startOnHostileSandbox } from '../support/hostile-sandbox.ts'
import { fuzzRuns, fuzzTimeoutMs } from './runs.ts'
import { effects, stream, wrongMessage } from './hostile-messages.ts'

const limits = { ...defaultMaxLimits, ...fixedLimits }

/**
 * Reads a stream as the executor reads a process, until something breaks the protocol. Rethrows any other error, which
 * is a bug.
 */
function readAll(bytes: Buffer, chunkSizes: readonly number[]): SandboxMessage[] {
  const reader = new FrameReader()
  const believed: SandboxMessage[] = []
  try {
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const size = chunkSizes[n % chunkSizes.length]!
      for (const message of reader.push(bytes.subarray(at, at + size)))
        believed.push(sandboxMessageSchema.parse(message))
      at += size
    }
  } catch (error) {
    if (!(error instanceof FrameError || error instanceof ZodError)) throw error
  }
  return believed
}

test(
  'the reader turns any bytes into messages of the protocol or ends the conversation',
  { tags: ['TL-3'], timeout: fuzzTimeoutMs },
  () => {
    const believed = new Set<string>()
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
        (bytes, sizes) => {
          const inPieces = readAll(bytes, sizes)
          // Messages before a broken frame in the same chunk are discarded too.
          const inOne = readAll(bytes, [Math.max(1, bytes.length)])
          expect(inPieces.slice(0, inOne.length)).toEqual(inOne)
          for (const message of inPieces) {
            believed.add(message.type)
            if (message.type !== 'turn') continue
            const violation = new EffectsAccount(limits).violationIn(message.effects)
            expect(['string', 'undefined']).toContain(typeof violation)
          }
        },
      ),
      fuzzRuns(400),
    )
    expect([...believed].toSorted()).toEqual(['calls', 'freed', 'isolates', 'ready', 'skipped', 'stopped', 'turn'])
  },
)

test(
  'the schema refuses a valid message with one fault in it, or parses it stably',
  { tags: ['TL-3'], timeout: fuzzTimeoutMs },
  () => {
    fc.assert(
      fc.property(wrongMessage, (message) => {
        const parsed = sandboxMessageSchema.safeParse(JSON.parse(JSON.stringify(message)))
        const again = parsed.success && sandboxMessageSchema.parse(JSON.parse(JSON.stringify(parsed.data)))
        expect(again).toEqual(parsed.success && parsed.data)
      }),
      fuzzRuns(400),
    )
  },
)

const ofTurn = { guest: 1, cpuMs: 1, unfitForNewGuests: false }
const skipped = { type: 'skipped', guest: 1 }
const turn = { type: 'turn', ...ofTurn, guestBytes: 1, effects: noEffects }
const { logs, logsDropped } = noEffects
const stopped = { type: 'stopped', ...ofTurn, reason: 'output', waitedForClock: false, logs, logsDropped }
const withEffects = (more: object) => ({ ...turn, effects: { ...noEffects, ...more } })
const withEnd = (more: object) =>
  withEffects({ end: { ok: false, code: 'GUEST_ERROR', name: 'Error', message: 'no', ...more } })
const withWarning = (more: object) => withEffects({ warnings: [{ code: 'NO_VALUE', message: 'no', ...more }] })

test('the messages in which the next test makes an optional member wrong are valid', { tags: ['TL-3'] }, () => {
  for (const message of [skipped, turn, stopped, withEnd({}), withWarning({})])
    expect(sandboxMessageSchema.safeParse(message)).toMatchObject({ success: true })
})

test.each([
  { ...skipped, needsOwnIsolate: false },
  { ...skipped, unfitForNewGuests: 1 },
  { ...turn, variables: 'x' },
  { ...turn, variables: [{ name: 'x' }] },
  { ...turn, variables: [{ name: 'x', kind: 'with' }] },
  { ...turn, variables: [{ name: 'x', kind: 'let', more: 1 }] },
  { ...stopped, warnings: null },
  withEffects({ warnings: {} }),
  withEffects({ warnings: [{ code: 'NO_SUCH_WARNING', message: 'no' }] }),
  withWarning({ line: 0 }),
  withWarning({ column: '1' }),
  withWarning({ tool: 1 }),
  withWarning({ call: 0 }),
  withEffects({ end: null }),
  withEffects({ end: { ok: true, result: '1', warnings: 1 } }),
  withEnd({ warnings: 'x' }),
  withEnd({ stack: 1 }),
  withEnd({ details: 'x' }),
  withEnd({ hint: {} }),
  withEnd({ call: '1' }),
  withEnd({ cause: 1 }),
  withEnd({ errors: 1 }),
])('the schema refuses a message with an optional member of a wrong type: %j', { tags: ['TL-3'] }, (message) => {
  expect(sandboxMessageSchema.safeParse(message).success).toBe(false)
})

test(
  'well-formed but false effects end with an outcome of the closed set, and the executor keeps running',
  { tags: ['EX-8', 'TL-3'], timeout: fuzzTimeoutMs },
  async () => {
    const scripts = new Map<string, TurnEffects[]>()
    const bugs: unknown[] = []
    await using executor = await startOnHostileSandbox({
      turn(_delivery, { code }) {
        const said = scripts.get(code)?.shift()
        return { type: 'turn', cpuMs: 1, effects: said ?? { ...noEffects, end: { ok: true, result: '1' } } }
      },
      observer: { executionFailedByBug: (error) => bugs.push(error) },
    })
    let number = 0
    let lies = 0
    await fc.assert(
      fc.asyncProperty(fc.array(effects, { minLength: 1, maxLength: 3 }), async (turns) => {
        const code = `script ${++number}`
        scripts.set(
          code,
          turns.flatMap((effects) => {
            const message = sandboxMessageSchema.safeParse({
              type: 'turn',
              guest: 1,
              cpuMs: 1,
              unfitForNewGuests: false,
              guestBytes: 1,
              effects,
            })
            return message.success && message.data.type === 'turn' ? [message.data.effects] : []
          }),
        )
        lies += scripts.get(code)!.length
        const { status, body } = await api(executor, '/v1/executions', {
          body: {
            code,
            tools: [{ name: 'x' }],
            callback: { url: 'http://127.0.0.1:1/', token: 't'.repeat(16) },
            limits: { executionTimeoutMs: 60, toolTimeoutMs: 40, cpuTimeoutMs: 60 },
          },
        })
        expect(status).toBe(200)
        expect(executionResultSchema.safeParse(body)).toMatchObject({ success: true })
        expect(bugs).toEqual([])
      }),
      fuzzRuns(25),
    )
    expect(lies).toBeGreaterThan(10)
    expect(await api(executor, '/v1/executions', { body: { code: 'ordinary' } })).toMatchObject({ body: { result: 1 } })
  },
)
