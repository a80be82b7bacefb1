/** Functions of the client that take text of the executor, of guests, of tools and of the network. */
import { Readable } from 'node:stream'

import { executionResultSchema, fixedLimits } from '@codemode/shared'
import { nearestName, parseRetryAfter } from '@codemode/shared/internal'

import { createRedactor } from '../../packages/client/src/config/redact.ts'
import { expandVariables } from '../../packages/client/src/config/expand.ts'
import { deserializeError, serializeError } from '../../packages/client/src/errors/transfer.ts'
import { cacheKey } from '../../packages/client/src/executors/cache-key.ts'
import { parseEvent, readMessages } from '../../packages/client/src/http/event-stream.ts'
import { parseResponse } from '../../packages/client/src/http/parse-response.ts'
import { foreignError, responseError } from '../../packages/client/src/http/response-error.ts'
import { correlationIdOf, readCallbackRequest } from '../../packages/client/src/tools/callback-request.ts'
import { signToken } from '../../packages/client/src/tools/execution-token.ts'
import { invokeTool } from '../../packages/client/src/tools/invoke.ts'
import { wireNameOf } from '../../packages/client/src/tools/names.ts'
import { ToolRegistry } from '../../packages/client/src/tools/registry.ts'
import { fromFetchRequest } from '../../packages/client/src/tools/incoming-request.ts'
import { toJson } from '../../packages/client/src/tools/to-json.ts'
import { failedByHandler } from '../../packages/client/src/tools/tool-failure.ts'
import { signatureHeaders } from '../../packages/executor/src/tools/signature-headers.ts'
import { jsonShapes, shapes } from './shapes.ts'
import { subject, textSubject, type TextSubject } from './subject.ts'

const MiB = 1024 * 1024
/** Maximum size of a message's headers in Node. */
const headerBytes = 16 * 1024
const executionId = 'exe_00000000-0000-7000-8000-000000000000'
const callId = `${executionId}:1`
const secret = new Uint8Array(32)
const issuedAt = Date.now()
const token = signToken(
  { executionId, tools: ['echo'], isBound: false, issuedAt, expiresAt: issuedAt + 3_600_000 },
  secret,
)
const answerOf = (text: string) => ({
  text,
  foreign: () => foreignError({ status: 200, headers: {}, text }, connection),
})
const connection = {
  origin: 'http://executor.example',
  executorUrl: 'http://executor.example',
  executionId,
  correlationId: 'cor_0000000000000000',
  method: 'POST',
  url: 'http://localhost/v1/executions',
  apiKey: 'a key of the bench',
}
const at = '2026-01-01T00:00:00.000Z'
const redact = createRedactor(['secret', '//////', '    ', '\n\n\n\n', 'aaaaaaaa'])
const registry = new ToolRegistry()
registry.register('echo', (input: unknown) => input)
registry.register('fail', (text: string) => {
  throw new Error(`No such id: ${text}`)
})

const wireResult = {
  success: true,
  executionId,
  correlationId: 'cor_0000000000000000',
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
  toolCalls: [],
  usage: { cpuMs: 0, wallMs: 0, queueMs: 0, waitMs: 0, turns: 0, replays: 0 },
}

const attempt = (run: () => unknown): unknown => {
  try {
    return run()
  } catch {
    return undefined
  }
}

/** Returns the JSON of a tool call as a tool server receives it. */
function messageOf(input: unknown): string {
  const ids = { executionId, callId, correlationId: 'cor_0000000000000000' }
  return JSON.stringify({ type: 'tool.call', ...ids, tool: 'echo', input, context: {}, deadline: at })
}

function delivery(body: Buffer, headers: Record<string, string> = {}) {
  const given = { authorization: `Bearer ${token}`, ...signatureHeaders(callId, body, Buffer.from(token)), ...headers }
  return { method: 'POST', headers: given, body: () => Promise.resolve(body), signal: new AbortController().signal }
}

/** Returns a request whose body arrives in chunks of one byte. */
function drippedRequest(sizeBytes: number): Request {
  const chunk = new Uint8Array(1)
  let left = sizeBytes
  const body = new ReadableStream({
    pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
  })
  return new Request('http://client.example', { method: 'POST', body, duplex: 'half' })
}

const call = (tool: string, input: string) => ({
  type: 'tool.call' as const,
  executionId,
  callId,
  tool,
  input,
  context: {},
  correlationId: 'cor_0000000000000000',
  deadline: new Date(Date.now() + 3_600_000).toISOString(),
})
const invoke = (tool: string) => (input: string) =>
  invokeTool(registry.get(tool)!, call(tool, input), { signal: new AbortController().signal })

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}

/** Splits a text into chunks of `sizeBytes`. */
const inChunks = (text: string, sizeBytes: number): Buffer[] => {
  const bytes = Buffer.from(text)
  const count = Math.ceil(bytes.length / sizeBytes)
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * sizeBytes, (n + 1) * sizeBytes))
}

function nestedValue(depth: number): unknown {
  let value: unknown = {}
  for (let i = 0; i < depth; i++) value = { value }
  return value
}

export const clientSubjects: readonly TextSubject[] = [
  textSubject('failedByHandler, error', 4 * MiB, (text) => failedByHandler(new Error(`No such id: ${text}`))),
  textSubject('failedByHandler, text', 4 * MiB, (text) => failedByHandler(text)),
  textSubject('invokeTool, failing handler', MiB, invoke('fail')),
  textSubject('invokeTool, handler that returns', MiB, invoke('echo')),
  textSubject('redact, text', MiB, (text) => redact(text)),
  textSubject('expandVariables', MiB, (text) => expandVariables(text, { A: 'b' })),
  textSubject('parseRetryAfter', headerBytes, (text) => parseRetryAfter(text, text)),
  textSubject(
    'responseError',
    MiB,
    (text) => responseError({ status: 500, headers: {}, text }, connection),
    jsonShapes,
  ),
  textSubject('correlationIdOf', headerBytes, (text) =>
    correlationIdOf(delivery(Buffer.of(), { 'x-codemode-correlation-id': text })),
  ),
  textSubject('readCallbackRequest, authorization', headerBytes, (text) =>
    readCallbackRequest(delivery(Buffer.of(), { authorization: `Bearer ${text}` }), secret).catch(() => {}),
  ),
  textSubject('readCallbackRequest, signature', headerBytes, (text) =>
    readCallbackRequest(delivery(Buffer.of(), { 'webhook-signature': text }), secret).catch(() => {}),
  ),
  textSubject(
    'readCallbackRequest, body',
    2 * MiB,
    (text) => readCallbackRequest(delivery(Buffer.from(text)), secret).catch(() => {}),
    jsonShapes,
  ),
  textSubject('readCallbackRequest, input', MiB, (text) =>
    readCallbackRequest(delivery(Buffer.from(messageOf(text))), secret),
  ),
  textSubject('wireNameOf', MiB, wireNameOf),
  textSubject('nearestName', MiB, (text) => nearestName(text, ['executionTimeoutMs', 'availableTools', 'context'])),
  textSubject('cacheKey', MiB, (text) => cacheKey({ code: text, input: text })),
  textSubject('serializeError and deserializeError', MiB, (text) => deserializeError(serializeError(new Error(text)))),
  textSubject(
    'parseEvent',
    MiB,
    (data) => {
      try {
        return parseEvent({ id: '1', event: 'log', data })
      } catch {
        return undefined
      }
    },
    jsonShapes,
  ),
  textSubject('parseResponse, result', MiB, (text) =>
    parseResponse(executionResultSchema, answerOf(JSON.stringify({ ...wireResult, result: text })), 'result'),
  ),
  subject(
    'parseResponse, malformed lists',
    {
      maxSize: MiB,
      unit: 'items',
      inputs: {
        logs: (size) => JSON.stringify({ ...wireResult, logs: Array(size).fill(1) }),
        toolCalls: (size) => JSON.stringify({ ...wireResult, toolCalls: Array(size).fill(1) }),
      },
    },
    (text: string) => {
      try {
        parseResponse(executionResultSchema, answerOf(text), 'result')
      } catch {
        return undefined
      }
    },
  ),
  subject(
    'readMessages',
    {
      maxSize: fixedLimits.resultBytes / 4,
      unit: 'bytes',
      inputs: Object.fromEntries(
        ['SSE data lines', 'SSE events', 'letters', 'new lines', 'emoji'].flatMap((name) =>
          [1, 1_000].map((chunkBytes) => [
            `${name} in chunks of ${chunkBytes}`,
            (size: number) => inChunks(`data: ${shapes[name]!(size)}`, chunkBytes),
          ]),
        ),
      ),
    },
    (chunks: Buffer[]) => drain(readMessages(Readable.from(chunks))),
  ),
  subject(
    'fromFetchRequest, body',
    { maxSize: MiB / 4, unit: 'bytes', inputs: { 'chunks of one byte': (size) => size } },
    (size: number) => fromFetchRequest(drippedRequest(size)).body(2 * MiB),
  ),
  subject(
    'toJson, values',
    {
      maxSize: 4_096,
      unit: 'levels or items',
      inputs: {
        nested: nestedValue,
        'wide below nested': (size) => {
          const items = Array.from({ length: size }, () => ({}))
          let value: unknown = items
          for (let i = 0; i < size; i++) value = [value]
          return value
        },
      },
    },
    (value: unknown) => {
      try {
        return toJson(value)
      } catch {
        return undefined
      }
    },
  ),
  subject(
    'redact, values',
    {
      maxSize: 2_048,
      unit: 'levels or items',
      inputs: {
        nested: nestedValue,
        'wide below nested': (size) => {
          let value: unknown = Array.from({ length: size }, () => ({}))
          for (let i = 0; i < size; i++) value = [value]
          return value
        },
      },
    },
    (value: unknown) => attempt(() => redact(value)),
  ),
]
