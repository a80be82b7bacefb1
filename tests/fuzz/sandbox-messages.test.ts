/** What a sandbox process may send when hostile code has taken it over, up to the point where the engine believes it. */
import fc from 'fast-check'
import { executionResultSchema, fixedLimits, type TurnEffects } from '@codemode/shared'
import { expect, test } from 'vitest'
import { ZodError } from 'zod'

import { violationIn } from '../../packages/executor/src/engine/check-effects.ts'
import { encodeFrame, FrameError, FrameReader } from '../../packages/executor/src/sandbox/frames.ts'
import { sandboxMessageSchema, type SandboxMessage } from '../../packages/executor/src/sandbox/protocol.ts'
import { defaultMaxLimits } from '../../packages/executor/src/api-keys.ts'
import { api } from '../support/executor.ts'
import { nothing, startOnHostileSandbox } from '../support/hostile-sandbox.ts'
import { fuzzRuns, fuzzTimeoutMs } from './runs.ts'

const limits = { ...defaultMaxLimits, ...fixedLimits }

/** Values that are likely to be wrong wherever they stand. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, '', 0, -1, -0, 0.5, 2 ** 31, 2 ** 53, 1e308, [], {}, [[]], true, 'turn', '__proto__'),
  fc.jsonValue({ maxDepth: 3 }),
)

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('{}', '[1,\n2]', '1e999', '"\\ud800"', '{"__proto__":1}', '', '{', 'x'.repeat(70_000)),
  fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
  fc.nat({ max: 30_000 }).map((depth) => `${'{"0":'.repeat(depth)}1${'}'.repeat(depth)}`),
)

const end = fc.oneof(
  fc.record({ ok: fc.constant(true), result: text }),
  fc.record(
    {
      ok: fc.constant(false),
      code: fc.constantFrom('GUEST_ERROR', 'SYNTAX_ERROR', 'MEMORY_LIMIT', 'TOO_MANY_TIMERS', 'CANCELLED'),
      name: text,
      message: text,
      stack: text,
      details: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
    },
    { requiredKeys: ['ok', 'code', 'name', 'message'] },
  ),
)

const effects = fc.record(
  {
    calls: fc.array(
      fc.record({
        call: fc.integer({ min: 1, max: 40 }),
        tool: fc.constantFrom('x', 'bank', '', '__proto__'),
        input: text,
      }),
      { maxLength: 4 },
    ),
    logs: fc.array(fc.record({ level: fc.constantFrom('log', 'error', 'fatal'), text }), { maxLength: 3 }),
    logsDropped: fc.record({ entries: fc.nat(), bytes: fc.nat() }),
    nextTimerAt: fc.oneof(fc.constant(null), fc.integer({ min: -1, max: 2 ** 50 }), fc.constant(0)),
    end,
  },
  { requiredKeys: ['calls', 'logs', 'logsDropped', 'nextTimerAt'] },
)

const guest = fc.integer({ min: -1, max: 3 })
const validMessage = fc.oneof(
  fc.record({ type: fc.constant('began'), guest }),
  fc.record({ type: fc.constant('skipped'), guest }),
  fc.record({ type: fc.constant('turn'), guest, cpuMs: fc.double({ min: 0, noNaN: true }), effects }),
  fc.record({
    type: fc.constant('stopped'),
    guest,
    cpuMs: fc.nat(),
    reason: fc.constantFrom('timeout', 'memory'),
    logs: fc.constant([]),
    logsDropped: fc.constant({ entries: 0, bytes: 0 }),
  }),
)

/** A message with something else at one of its places, or a place that there is not. */
const wrongMessage = fc
  .tuple(validMessage, fc.nat(), fc.string({ maxLength: 5 }), oddValue)
  .map(([message, at, key, odd]) => {
    const copy = structuredClone(message) as Record<string, unknown>
    const places: [Record<string, unknown>, string][] = [[copy, key]]
    const collect = (holder: object): void => {
      for (const [name, value] of Object.entries(holder)) {
        places.push([holder as Record<string, unknown>, name])
        if (typeof value === 'object' && value !== null) collect(value)
      }
    }
    collect(copy)
    const [holder, name] = places[at % places.length]!
    holder[name] = structuredClone(odd)
    return copy as unknown
  })

const frame = fc.oneof(
  validMessage.map(encodeFrame),
  wrongMessage.map(encodeFrame),
  oddValue.map((value) => encodeFrame(value ?? null)),
)

/** Bytes changed, cut out, put in, or a length that lies. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('set'), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('cut'), at: fc.nat(), byte: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('insert'), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('length'), at: fc.nat(), byte: fc.constantFrom(0, 0x7f, 0xff) }),
  fc.record({ kind: fc.constant('truncate'), at: fc.nat(), byte: fc.constant(0) }),
)

function mutate(stream: Buffer, { kind, at, byte }: { kind: string; at: number; byte: number }): Buffer {
  const position = at % Math.max(1, stream.length)
  if (kind === 'truncate') return stream.subarray(0, position)
  if (kind === 'cut') return Buffer.concat([stream.subarray(0, position), stream.subarray(position + byte)])
  if (kind === 'insert') {
    return Buffer.concat([stream.subarray(0, position), Buffer.from([byte]), stream.subarray(position)])
  }
  const copy = Buffer.from(stream)
  if (kind === 'length') copy.fill(byte, 0, Math.min(4, copy.length))
  else if (copy.length > 0) copy[position] = byte
  return copy
}

const stream = fc
  .tuple(fc.array(frame, { maxLength: 5 }), fc.array(mutation, { maxLength: 4 }), fc.uint8Array({ maxLength: 40 }))
  .map(([frames, mutations, tail]) => mutations.reduce(mutate, Buffer.concat([...frames, tail])))

/** Reads a stream as the executor reads a process: until something breaks the protocol. Anything but that is a bug. */
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
  'TL-3: whatever bytes come, the reader gives messages of the protocol or ends the conversation',
  () => {
    let believed = 0
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
        (bytes, sizes) => {
          const inPieces = readAll(bytes, sizes)
          // What came before a broken frame in the same chunk is not believed either.
          const inOne = readAll(bytes, [Math.max(1, bytes.length)])
          expect(inPieces.slice(0, inOne.length)).toEqual(inOne)
          for (const message of inPieces) {
            believed += 1
            if (message.type !== 'turn') continue
            const violation = violationIn(message.effects, { lastCall: 0, calls: 0, logBytes: 0 }, limits)
            expect(['string', 'undefined']).toContain(typeof violation)
          }
        },
      ),
      fuzzRuns(400),
    )
    expect(believed).toBeGreaterThan(0)
  },
  fuzzTimeoutMs,
)

test(
  'TL-3: a valid message with one thing wrong in it is refused, or means what it says',
  () => {
    fc.assert(
      fc.property(wrongMessage, (message) => {
        const parsed = sandboxMessageSchema.safeParse(JSON.parse(JSON.stringify(message)))
        if (parsed.success)
          expect(sandboxMessageSchema.parse(JSON.parse(JSON.stringify(parsed.data)))).toEqual(parsed.data)
      }),
      fuzzRuns(400),
    )
  },
  fuzzTimeoutMs,
)

test(
  'EX-8, TL-3: effects of the right form that lie come to one outcome of the closed set, and the executor goes on',
  async () => {
    const scripts = new Map<string, TurnEffects[]>()
    const bugs: unknown[] = []
    await using executor = await startOnHostileSandbox({
      turn(_delivery, { code }) {
        const said = scripts.get(code)?.shift()
        return { type: 'turn', cpuMs: 1, effects: said ?? { ...nothing, end: { ok: true, result: '1' } } }
      },
      onBug: (bug) => bugs.push(bug),
    })
    let number = 0
    await fc.assert(
      fc.asyncProperty(fc.array(effects, { minLength: 1, maxLength: 3 }), async (turns) => {
        const code = `script ${++number}`
        scripts.set(
          code,
          turns.flatMap((effects) => {
            const message = sandboxMessageSchema.safeParse({ type: 'turn', guest: 1, cpuMs: 1, effects })
            return message.success && message.data.type === 'turn' ? [message.data.effects] : []
          }),
        )
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
    expect(await api(executor, '/v1/executions', { body: { code: 'ordinary' } })).toMatchObject({ body: { result: 1 } })
  },
  fuzzTimeoutMs,
)
