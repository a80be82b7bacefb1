// Arbitraries for the output of a sandbox process that guest code has taken over: valid messages, invalid ones, and
// bytes that are not messages.
import fc from 'fast-check'

import { encodeFrame } from '../../packages/executor/src/sandbox/frames.ts'
import type { SandboxMessage } from '../../packages/executor/src/sandbox/protocol.ts'

/** Values that are likely to be invalid in any place. */
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

const warnings = fc.array(
  fc.record(
    {
      code: fc.constantFrom('NO_VALUE', 'CALL_NOT_AWAITED'),
      message: fc.string(),
      line: fc.integer({ min: 1 }),
      column: fc.integer({ min: 1 }),
      tool: fc.string(),
      call: fc.integer({ min: 1, max: 40 }),
    },
    { requiredKeys: ['code', 'message'] },
  ),
  { maxLength: 2 },
)

const variables = fc.array(
  fc.record({ name: fc.string(), kind: fc.constantFrom('let', 'const', 'class', 'function', 'var') }),
  { maxLength: 3 },
)

const end = fc.oneof(
  fc.record({ ok: fc.constant(true), result: text, warnings }, { requiredKeys: ['ok', 'result'] }),
  fc.record(
    {
      ok: fc.constant(false),
      code: fc.constantFrom('GUEST_ERROR', 'SYNTAX_ERROR', 'MEMORY_LIMIT', 'TOO_MANY_TIMERS', 'CANCELLED'),
      name: text,
      message: text,
      stack: text,
      details: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
      hint: fc.string(),
      call: fc.integer({ min: 1, max: 40 }),
      cause: fc.record({ name: text, message: text }),
      errors: fc.array(fc.record({ name: text, message: text }), { maxLength: 2 }),
      warnings,
    },
    { requiredKeys: ['ok', 'code', 'name', 'message'] },
  ),
)

export const effects = fc.record(
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
    warnings,
    end,
  },
  { requiredKeys: ['calls', 'logs', 'logsDropped', 'nextTimerAt'] },
)

const guest = fc.integer({ min: -1, max: 3 })
const ofTurn = { guest, cpuMs: fc.double({ min: 0, noNaN: true }), unfitForNewGuests: fc.boolean() }
const noLogs = { logs: fc.constant([]), logsDropped: fc.constant({ entries: 0, bytes: 0 }) }
/** Returns an arbitrary of an optional member, which JSON leaves out where it is undefined, as half of the values are. */
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 1 })

/**
 * Type with a property for each member of a message type, also for the optional ones, so that the compiler reports a missing
 * one; the values may be invalid.
 */
type Members<Type> = { [Name in keyof Extract<SandboxMessage, { type: Type }>]-?: unknown }
const message: { [Type in SandboxMessage['type']]: fc.Arbitrary<Members<Type>> } = {
  ready: fc.record({
    type: fc.constant('ready'),
    versions: fc.record({ v8: text, icu: text, arch: text, guestRuntime: text }),
  }),
  isolates: fc.record({
    type: fc.constant('isolates'),
    unused: fc.integer({ min: -1, max: 1_001 }),
    used: fc.nat(1_000),
  }),
  skipped: fc.record({
    type: fc.constant('skipped'),
    guest,
    needsOwnIsolate: optional(fc.constant(true)),
    unfitForNewGuests: optional(fc.constant(true)),
  }),
  freed: fc.record({ type: fc.constant('freed'), guest, guestBytes: fc.integer({ min: -1 }) }),
  calls: fc.record({ type: fc.constant('calls'), guest, calls: effects.map(({ calls }) => calls) }),
  turn: fc.record({
    type: fc.constant('turn'),
    ...ofTurn,
    guestBytes: fc.nat(),
    effects,
    isFollowed: optional(fc.constant(true)),
    variables: optional(variables),
  }),
  stopped: fc.record({
    type: fc.constant('stopped'),
    ...ofTurn,
    reason: fc.constantFrom('timeout', 'memory', 'output'),
    waitedForClock: fc.boolean(),
    ...noLogs,
    warnings: optional(warnings),
  }),
}
const validMessage = fc.oneof(...Object.values(message))

/** Message in which one property has another value, or with an unknown property. */
export const wrongMessage = fc
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
    return copy
  })

const frame = fc.oneof(
  validMessage.map(encodeFrame),
  wrongMessage.map(encodeFrame),
  oddValue.map((value) => encodeFrame(value ?? null)),
)

/** Mutation of a stream: bytes changed, removed or inserted, a wrong length, or a truncation. */
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

/** Mutations of a stream. Half of the streams have none, so that messages of every type are read to their end. */
const mutations = fc.oneof(fc.constant([]), fc.array(mutation, { maxLength: 4 }))

export const stream = fc
  .tuple(fc.array(frame, { maxLength: 5 }), mutations, fc.uint8Array({ maxLength: 40 }))
  .map(([frames, mutations, tail]) => mutations.reduce(mutate, Buffer.concat([...frames, tail])))
