import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

import type { ToolAnswer, ToolCallMessage } from '@codemode/shared'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'

import { ToolError } from '../errors/tool-error.ts'
import { tool, type ToolCall, type ToolLike } from './define.ts'
import { invokeTool } from './invoke.ts'
import { ToolRegistry } from './registry.ts'

type FakeTimers = NonNullable<Parameters<typeof vi.useFakeTimers>[0]>

function call(
  tool: ToolLike,
  input: unknown = {},
  { deadlineMs = 10_000, signal = new AbortController().signal } = {},
): Promise<ToolAnswer> {
  const registry = new ToolRegistry()
  registry.register('t', tool)
  const message = {
    type: 'tool.call',
    executionId: 'exe_1',
    callId: 'exe_1:1',
    tool: 't',
    input: input as never,
    context: { clientId: 'c1' },
    correlationId: 'cor_1',
    deadline: new Date(Date.now() + deadlineMs).toISOString(),
  } satisfies ToolCallMessage
  return invokeTool(registry.get('t')!, message, { signal }) as Promise<ToolAnswer>
}

const issuesOf = (answer: ToolAnswer) => (answer.ok ? undefined : answer.error)

test('a handler receives the validated input and the ids of its call', async () => {
  const seen: ToolCall[] = []
  const weather = tool({
    inputSchema: z.object({ city: z.string().trim() }),
    execute: ({ city }, facts) => {
      seen.push(facts)
      return { city }
    },
  })
  expect(await call(weather, { city: ' Oslo ' })).toEqual({ ok: true, output: { city: 'Oslo' } })
  expect(seen[0]).toMatchObject({
    executionId: 'exe_1',
    callId: 'exe_1:1',
    correlationId: 'cor_1',
    context: { clientId: 'c1' },
    deadline: expect.any(Date) as Date,
    signal: expect.any(AbortSignal) as AbortSignal,
  })
})

test.each([
  ['Standard Schema', z.object({ user: z.object({ ages: z.array(z.number()) }) })],
  [
    'JSON Schema',
    {
      type: 'object',
      properties: {
        user: { type: 'object', properties: { ages: { type: 'array', items: { type: 'number' } } } },
      },
    },
  ],
])('input that a %s rejects never reaches the handler, and the message names its path', async (_, inputSchema) => {
  let ran = false
  const answer = await call({ inputSchema, execute: () => (ran = true) }, { user: { ages: [1, 'two'] } })
  expect(ran).toBe(false)
  expect(issuesOf(answer)).toMatchObject({
    code: 'TOOL_INPUT_INVALID',
    message: expect.stringContaining('input.user.ages[1]') as string,
    data: { issues: [{ path: ['user', 'ages', 1], message: expect.any(String) as string }] },
  })
})

test('JSON Schema validation covers required, additionalProperties and conditions', async () => {
  const inputSchema = {
    required: ['a'],
    properties: { a: { type: 'string' } },
    additionalProperties: false,
    if: { properties: { a: { const: 'b' } } },
    ...JSON.parse('{"then": {"minProperties": 2}}'),
  }
  for (const input of [{}, { a: 1 }, { a: 'x', b: 1 }, { a: 'b' }]) {
    expect(issuesOf(await call({ inputSchema, execute: () => 1 }, input))?.code).toBe('TOOL_INPUT_INVALID')
  }
  expect(await call({ inputSchema, execute: () => 1 }, { a: 'x' })).toEqual({ ok: true, output: 1 })
})

test('the output is validated after the handler, and JSON Schema validates its JSON form', async () => {
  const bad = tool({ outputSchema: z.object({ n: z.number() }), execute: () => ({ n: 'x' as never }) })
  expect(issuesOf(await call(bad))).toMatchObject({
    code: 'TOOL_OUTPUT_INVALID',
    message: expect.stringContaining('output.n') as string,
  })
  const dated = { outputSchema: { type: 'string' }, execute: () => new Date(0) }
  expect(await call(dated)).toEqual({ ok: true, output: '1970-01-01T00:00:00.000Z' })
})

test('undefined becomes null, and the error for a value that is not JSON names its path', async () => {
  expect(await call(() => undefined)).toEqual({ ok: true, output: null })
  expect(issuesOf(await call(() => ({ items: [{ size: 1n }] })))).toMatchObject({
    code: 'TOOL_OUTPUT_INVALID',
    message: expect.stringContaining('output.items[0].size is a BigInt') as string,
    data: { issues: [{ path: ['items', 0, 'size'] }] },
  })
})

test('the error for an output above the limit has its size and the limit', async () => {
  expect(issuesOf(await call(() => 'x'.repeat(5_000_000)))).toMatchObject({
    code: 'TOOL_OUTPUT_TOO_LARGE',
    data: { sizeBytes: 5_000_002, limitBytes: 4_194_304 },
  })
})

test('an error of a handler arrives with name, message, code, data and retryable', async () => {
  const thrown = new ToolError('no such city', { code: 'NO_CITY', data: { city: 'x' }, retryable: true })
  const answer = { name: 'ToolError', message: 'no such city', code: 'NO_CITY', data: { city: 'x' }, retryable: true }
  expect(issuesOf(await call(() => Promise.reject(thrown)))).toEqual(answer)
  expect(
    issuesOf(
      await call(() => {
        throw new RangeError('too far')
      }),
    ),
  ).toEqual({ name: 'RangeError', message: 'too far', code: 'TOOL_ERROR', retryable: false })
})

test('an answer contains no path and no stack of the host', { tags: ['TL-2'] }, async () => {
  const { readFile } = await import('node:fs/promises')
  const system = issuesOf(await call(() => readFile('/srv/secret/keys.json')))
  expect(system).toMatchObject({
    code: 'ENOENT',
    message: "ENOENT: no such file or directory, open '<path>'",
  })
  const loud = new Error('failed in /srv/app/src/x.ts:1:2\n    at run (/srv/app/src/x.ts:1:2)')
  expect(issuesOf(await call(() => Promise.reject(loud)))?.message).toBe('failed in <path>')
})

test('the deadline aborts the handler and answers at once, even if the handler ignores its signal', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const started = Promise.withResolvers<AbortSignal>()
  const ignoresSignal = (_: unknown, { signal }: ToolCall) => {
    started.resolve(signal)
    return new Promise(() => {})
  }
  const answer = call(ignoresSignal, {}, { deadlineMs: 20 })
  const signal = await started.promise
  vi.advanceTimersByTime(20)
  expect(issuesOf(await answer)).toMatchObject({ code: 'TOOL_TIMEOUT', retryable: true })
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' })
})

test('a cancellation that arrives after the deadline, before its timer fires, is answered as the timeout', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const controller = new AbortController()
  let signal: AbortSignal | undefined
  const ignoresSignal = (_: unknown, facts: ToolCall) => {
    signal = facts.signal
    return new Promise(() => {})
  }
  const answer = call(ignoresSignal, {}, { signal: controller.signal, deadlineMs: 60_000 })
  await vi.waitFor(() => expect(signal).toBeDefined(), { timeout: 20_000 })
  vi.advanceTimersByTime(60_000)
  controller.abort(new DOMException('The executor cancelled the call', 'AbortError'))
  expect(issuesOf(await answer)).toMatchObject({ code: 'TOOL_TIMEOUT' })
  expect(signal?.reason).toMatchObject({ name: 'TimeoutError' })
})

test('aborting the call aborts the handler, and a call that is already aborted never starts', async () => {
  const controller = new AbortController()
  const answer = call((_, { signal }: ToolCall) => sleep(60_000, undefined, { signal }), {}, controller)
  controller.abort(new Error('gone'))
  expect(issuesOf(await answer)).toMatchObject({ code: 'TOOL_CANCELLED' })
  let ran = false
  expect(issuesOf(await call(() => (ran = true), {}, controller))).toMatchObject({ code: 'TOOL_CANCELLED' })
  expect(ran).toBe(false)
})

/**
 * Checks of an input that take a minute: by blocking the event loop, so that the clock goes on and no timer fires, or
 * by a promise.
 */
const slowChecks: [string, FakeTimers, () => Promise<{ value: number }> | { value: number }][] = [
  [
    'without the event loop',
    { toFake: ['Date', 'performance'] },
    () => {
      vi.advanceTimersByTime(60_000)
      return { value: 1 }
    },
  ],
  [
    'with a promise',
    { toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] },
    async () => {
      await vi.advanceTimersByTimeAsync(60_000)
      return { value: 1 }
    },
  ],
]

test.each(slowChecks)(
  'a handler does not start when validating its input takes until the deadline, %s',
  { tags: ['RT-3'] },
  async (_, timers, check) => {
    vi.useFakeTimers(timers)
    onTestFinished(() => void vi.useRealTimers())
    let ran = false
    const checked: (Promise<unknown> | object)[] = []
    const validate = () => {
      const result = check()
      checked.push(result)
      return result
    }
    const inputSchema = { '~standard': { version: 1 as const, vendor: 'test', validate } }
    const answer = await call({ inputSchema, execute: () => (ran = true) }, {}, { deadlineMs: 30_000 })
    expect(issuesOf(answer)).toMatchObject({ code: 'TOOL_TIMEOUT' })
    expect(checked).toHaveLength(1)
    await checked[0]
    await setImmediate()
    expect(ran).toBe(false)
  },
)

test(
  'a call whose deadline has passed does not start, and its input is not validated',
  { tags: ['RT-3'] },
  async () => {
    let touched = false
    const touch = () => ((touched = true), { value: 1 })
    const inputSchema = { '~standard': { version: 1 as const, vendor: 'test', validate: touch } }
    const answer = await call({ inputSchema, execute: touch }, {}, { deadlineMs: -1 })
    expect(issuesOf(answer)).toMatchObject({ code: 'TOOL_TIMEOUT' })
    expect(touched).toBe(false)
  },
)

test('only the message of a ToolError of this package reaches the code unchanged', { tags: ['TL-2'] }, async () => {
  const message = 'see /etc/passwd'
  class ToolError2 extends Error {
    override name = 'ToolError'
  }
  class Mine extends ToolError {
    override readonly name = 'Mine'
  }
  const copy = Object.assign(new ToolError2(message), { ambiguous: false, code: 'COPY' })
  for (const [thrown, expected] of [
    [new ToolError2(message), { message: 'see <path>', code: 'TOOL_ERROR' }],
    [copy, { message, code: 'COPY' }],
    [new Mine(message, { code: 'MINE' }), { name: 'Mine', message, code: 'MINE' }],
  ] as const) {
    expect(issuesOf(await call(() => Promise.reject(thrown)))).toMatchObject(expected)
  }
})
