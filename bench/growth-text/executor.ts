/** Functions of the executor that take text of clients, of tool servers and of its sandbox processes. */
import {
  defaultRequestLimits,
  executionRequestSchema,
  fixedLimits,
  journalVersion,
  toolAnswerSchema,
  toolResultsRequestSchema,
  type Delivery,
  type JournalEntry,
  type JournalHeader,
  type TurnEffects,
} from '@codemode/shared'

import { parseWith } from '@codemode/shared/internal'

import { parseApiKeys } from '../../packages/executor/src/api-keys.ts'
import { CallTable } from '../../packages/executor/src/engine/state/call-table.ts'
import { EffectsAccount } from '../../packages/executor/src/engine/state/effects-account.ts'
import { ExecutionState } from '../../packages/executor/src/engine/state/execution-state.ts'
import { readEvents } from '../../packages/executor/src/engine/state/read-events.ts'
import { parsedBytesOf } from '../../packages/executor/src/engine/state/memory-size.ts'
import { nestingOf } from '../../packages/executor/src/engine/nesting.ts'
import { bodyLimits, jsonBody } from '../../packages/executor/src/http/body.ts'
import { inexactNumber } from '../../packages/executor/src/http/inexact-number.ts'
import { testApp } from '../../packages/executor/src/http/http-app.test-support.ts'
import { parseJson } from '../../packages/executor/src/json-text.ts'
import { deathOf } from '../../packages/executor/src/sandbox/death.ts'
import { encodeFrame, FrameReader } from '../../packages/executor/src/sandbox/frames.ts'
import { sandboxMessageSchema } from '../../packages/executor/src/sandbox/protocol.ts'
import { createCallbackGuard } from '../../packages/executor/src/tools/callback-guard.ts'
import { signatureHeaders } from '../../packages/executor/src/tools/signature-headers.ts'
import { arrayOf, jsonShapes, type Shape } from './shapes.ts'
import { subject, textSubject, type TextSubject } from './subject.ts'

const MiB = 1024 * 1024
const headerBytes = 16 * 1024
const executionId = 'exe_00000000-0000-7000-8000-000000000000'
const { app } = testApp()
const guard = createCallbackGuard({ origins: ['https://*.example', 'https://app.example'], allowLoopback: true })
const limits = { ...defaultRequestLimits, maxToolCalls: 1_000_000, ...fixedLimits }

const many = <Item>(count: number, make: () => Item): Item[] => Array.from({ length: count }, make)

const post = (headers: Record<string, string>, body = '{}') =>
  app.request('/v1/executions', {
    method: 'POST',
    headers: { authorization: 'Bearer key-of-acme', 'content-type': 'application/json', ...headers },
    body,
  })

/** Returns a subject for a header, in which underscores replace the characters that a header cannot contain. */
const inHeader = (name: string): TextSubject =>
  textSubject(`header ${name}`, headerBytes, (text) => post({ [name]: text.replaceAll(/[^\x20-\x7e\t]/g, '_') }))

const request = (fields: object): string => JSON.stringify({ code: 'return 1', ...fields })

/** Bodies in which every item is wrong, by the route that receives them. */
const wrongBodies: Readonly<Record<string, Shape>> = {
  'numbers as tools': (length) => `{"code":"1","tools":${arrayOf('1', length)}}`,
  'objects as tools': (length) => `{"code":"1","tools":${arrayOf('{}', length)}}`,
  'tools with unknown fields': (length) => `{"code":"1","tools":${arrayOf('{"a":1}', length)}}`,
  'unknown fields': (length) => `{"code":"1",${Array.from({ length: length / 12 }, (_, n) => `"f${n}":1`).join(',')}}`,
  'long unknown field': (length) => `{"code":"1","${'executionTimeoutM'.repeat(length / 17)}":1}`,
}
const wrongResults: Readonly<Record<string, Shape>> = {
  'numbers as results': (length) => `{"results":${arrayOf('1', length)}}`,
  'objects as results': (length) => `{"results":${arrayOf('{}', length)}}`,
  'results with wrong answers': (length) => `{"results":${arrayOf('{"callId":"","answer":{}}', length)}}`,
}

const executionBody = jsonBody({ schema: executionRequestSchema, maxBytes: bodyLimits.executionBytes })
const resultsBody = jsonBody({ schema: toolResultsRequestSchema, maxBytes: bodyLimits.toolResultsBytes })
type ReadBody = (request: Request) => Promise<unknown>
const read = (readBody: ReadBody) => (text: string) =>
  readBody(
    new Request('http://executor.example', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    }),
  ).catch(refused)

/** Rethrows every error that is not a refusal meant for the client. */
function refused(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'RequestError') throw error
}

const turnMessage = (effects: object) => ({
  type: 'turn',
  guest: 1,
  cpuMs: 1,
  unfitForNewGuests: false,
  guestBytes: 1,
  effects: { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null, ...effects },
})

/** Joins frames into one buffer, and splits it into chunks. */
function chunksOf(frames: readonly Buffer[], chunkBytes: number): Buffer[] {
  const bytes = Buffer.concat(frames)
  const count = Math.ceil(bytes.length / chunkBytes)
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes))
}

function readFrames(chunks: readonly Buffer[]): void {
  const reader = new FrameReader()
  for (const chunk of chunks) for (const message of reader.push(chunk)) sandboxMessageSchema.safeParse(message)
}

const header: JournalHeader = {
  version: journalVersion,
  executionId,
  correlationId: 'cor_0000000000000000',
  createdAt: '2026-01-01T00:00:00.000Z',
  code: '',
  input: 'null',
  context: '{}',
  config: '{}',
  seed: '0'.repeat(64),
  limits,
  tools: [{ name: 'echo' }],
  runtime: { guestRuntime: '', v8: '', icu: '', arch: '' },
}

const turnOf = (delivery: Delivery, effects: Partial<TurnEffects>): JournalEntry => ({
  type: 'turn',
  at: 0,
  endedAt: 0,
  cpuMs: 0,
  delivery,
  effects: { calls: [], logs: [], logsDropped: { entries: 0, bytes: 0 }, nextTimerAt: null, ...effects },
})

/** Makes `count` calls at once, answers each of them, and reads the open calls after each answer. */
function makeCalls(count: number): void {
  const calls = new CallTable(limits.toolCallsInFlight)
  for (let call = 1; call <= count; call++) calls.add({ call, tool: 'echo', input: '{}' }, { isRefused: false })
  for (let call = 1; call <= count; call++) {
    calls.takePlaces(0)
    calls.settle(call, 0, { status: 'completed' })
    calls.firstOpen()
  }
}

/** Makes `count` calls, and delivers the answers after all of them have arrived. */
function deliverAnswers(count: number): void {
  const state = new ExecutionState(header)
  const calls = many(count, () => ({ tool: 'echo', input: '{}' })).map((call, n) => ({ call: n + 1, ...call }))
  state.apply(turnOf({ kind: 'start' }, { calls }))
  for (const { call } of calls) state.apply({ type: 'answer', at: 0, call, ok: true, text: '1' })
  for (;;) {
    const delivery = state.dueDelivery(0)
    if (delivery === undefined) return
    state.apply(turnOf(delivery, {}))
  }
}

/** Reads the events of a journal of `count` turns after the last one but one. */
async function resumeEvents(count: number): Promise<void> {
  const logs = [{ level: 'log' as const, text: 'x'.repeat(100) }]
  const entries = many(count, () => turnOf({ kind: 'tick' }, { logs, nextTimerAt: 0 }))
  const journal = { header, entries, grown: () => new Promise<void>(() => {}), wakeReaders() {} }
  await readEvents(journal, { after: `${count - 1}.1`, signal: new AbortController().signal }).next()
}

const counted = (maxSize: number, unit: string) => ({
  maxSize,
  unit,
  inputs: { [`number of ${unit}`]: (size: number) => size },
})

export const executorSubjects: readonly TextSubject[] = [
  ...['accept', 'authorization', 'x-codemode-correlation-id', 'content-type', 'content-encoding'].map(inHeader),
  ...['idempotency-key', 'last-event-id', 'traceparent', 'tracestate', 'x-codemode-timeout-ms'].map(inHeader),
  textSubject('path', headerBytes, (text) =>
    app.request(`/v1/${encodeURIComponent(text.toWellFormed()).slice(0, headerBytes)}`, {
      headers: { authorization: 'Bearer key-of-acme' },
    }),
  ),
  textSubject('parseJson', 4 * MiB, parseJson, jsonShapes),
  textSubject('body of an execution', 2 * MiB, read(executionBody), { ...jsonShapes, ...wrongBodies }),
  textSubject('code of an execution', 2 * MiB, (text) => read(executionBody)(request({ code: text }))),
  textSubject('callback of an execution', MiB, (url) =>
    read(executionBody)(request({ callback: { url, token: url } })),
  ),
  textSubject('tool names of an execution', MiB, (name) => read(executionBody)(request({ tools: [{ name }] }))),
  textSubject('body of tool results', 4 * MiB, read(resultsBody), { ...jsonShapes, ...wrongResults }),
  textSubject(
    'answer of a tool server',
    4 * MiB,
    (text) => {
      const json = parseJson(text)
      return json.ok && toolAnswerSchema.safeParse(json.value)
    },
    jsonShapes,
  ),
  textSubject('error of a tool server', 4 * MiB, (text) =>
    toolAnswerSchema.safeParse({ ok: false, error: { name: text, message: text, code: text } }),
  ),
  textSubject('nestingOf', 4 * MiB, nestingOf, jsonShapes),
  textSubject('inexactNumber', 4 * MiB, inexactNumber, {
    ...jsonShapes,
    'one long number': (length) => '9'.repeat(length),
    'one long fraction': (length) => `0.${'0'.repeat(length)}1`,
    'an array of long numbers': (length) => arrayOf('0.12345678901234567e-7', length),
  }),
  textSubject('parsedBytesOf', 4 * MiB, parsedBytesOf, jsonShapes),
  textSubject('callback guard', 2_048, (text) => {
    try {
      guard.check(`https://${text}`)
    } catch {
      return undefined
    }
  }),
  textSubject('signatureHeaders', MiB, (text) =>
    signatureHeaders('id', Buffer.from(text), Buffer.from('a-key-for-the-bench')),
  ),
  textSubject('deathOf', MiB, (text) => deathOf(134, null, text)),
  textSubject(
    'parseApiKeys',
    MiB,
    (text) => {
      try {
        return parseApiKeys(text, { maxRunning: 1, maxQueued: 1, isolation: 'tenant', reuseIsolates: true })
      } catch {
        return undefined
      }
    },
    jsonShapes,
  ),
  textSubject('frames with a log', 2 * MiB, (text) =>
    readFrames([encodeFrame(turnMessage({ logs: [{ level: 'log', text }] }))]),
  ),
  textSubject('effects with a result', MiB, (result) =>
    new EffectsAccount(limits).violationIn({
      calls: [],
      logs: [],
      logsDropped: { entries: 0, bytes: 0 },
      nextTimerAt: null,
      end: { ok: true, result },
    }),
  ),
  subject(
    'frames in chunks',
    {
      maxSize: 65_536,
      unit: 'bytes or frames',
      inputs: {
        'one frame in bytes': (size) =>
          chunksOf([encodeFrame(turnMessage({ logs: [{ level: 'log', text: 'x'.repeat(size) }] }))], 1),
        'small frames in one chunk': (size) =>
          chunksOf(
            Array.from({ length: size }, () => encodeFrame({ type: 'skipped', guest: 1 })),
            Infinity,
          ),
        'small frames in bytes': (size) =>
          chunksOf(
            Array.from({ length: size / 32 }, () => encodeFrame({ type: 'skipped', guest: 1 })),
            1,
          ),
        'texts behind a frame': (size) =>
          chunksOf([encodeFrame(turnMessage({ logs: many(size, () => ({ level: 'log', text: '\0' })) }))], Infinity),
        calls: (size) =>
          chunksOf(
            [encodeFrame({ type: 'calls', guest: 1, calls: many(size, () => ({ call: 1, tool: 'a', input: '{}' })) })],
            Infinity,
          ),
        'wrong calls': (size) =>
          chunksOf([encodeFrame({ type: 'calls', guest: 1, calls: many(size, () => 1) })], Infinity),
      },
    },
    readFrames,
  ),
  subject(
    'wrong tools of a request',
    {
      maxSize: 262_144,
      unit: 'items',
      inputs: {
        numbers: (size) => ({ code: '1', tools: many(size, () => 1) }),
        objects: (size) => ({ code: '1', tools: many(size, () => ({})) }),
      },
    },
    (value: unknown) => parseWith(executionRequestSchema, value),
  ),
  subject('concurrent tool calls', counted(65_536, 'calls'), makeCalls),
  subject('skipped events', counted(262_144, 'events'), resumeEvents),
  subject('waiting answers', counted(262_144, 'answers'), deliverAnswers),
]
