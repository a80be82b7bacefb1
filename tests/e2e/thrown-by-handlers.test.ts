import { createServer } from 'node:net'
import { once } from 'node:events'
import { runInNewContext } from 'node:vm'

import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { ExecutionError, ToolError, type ClientEvents, type Logger } from '@codemode/client'

import { connect, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

const caught = (tool: string, input = '{}') => `
  try { return ['answered', await tools${tool}(${input})] } catch (error) {
    const { name, message, code, data, retryable, cause, errors } = error
    const shown = (each) => ({ name: each.name, message: each.message, code: each.code })
    return { name, message, code, data, retryable, cause: cause && shown(cause), errors: errors?.map(shown) }
  }`

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error('gone'), {})
  revoke()
  return proxy
}

function trap(): never {
  throw new Error('a trap')
}

/** The list has a length, and nothing in it. */
function manyErrors(): unknown {
  const errors: unknown[] = []
  errors.length = 4_000_000_000
  return Object.assign(new Error('many'), { errors })
}

class Denied {
  status = 403
  reason = 'no seat'
}

class Throttled extends Error {
  override name = 'Throttled'
  status = 429
}

function endless(): unknown {
  const make = (): Error => Object.defineProperty(new Error('again'), 'cause', { get: make })
  return make()
}

const cycle = new Error('round')
cycle.cause = new Error('and round', { cause: cycle })

const zodError = z.object({ n: z.number() }).safeParse({ n: 'x' }).error

/** Values that a handler throws or rejects with, and the resulting errors. */
const thrown: readonly (readonly [string, () => unknown, object])[] = [
  ['an object', () => ({ status: 500 }), { message: 'The handler threw {"status":500}', data: { status: 500 } }],
  ['an object with a message', () => ({ message: 'no', code: 7 }), { message: 'no', code: '7' }],
  ['an instance of a class', () => new Denied(), { data: { status: 403, reason: 'no seat' } }],
  ['an object with a path', () => ({ file: '/etc/passwd' }), { data: { file: '<path>' } }],
  [
    'an object with a path as a key',
    () => ({ data: { '/home/ada/key': '/users/42' }, code: '/home/ada/code' }),
    { data: { '<path>': '/users/42' }, code: '<path>' },
  ],
  ['an error with billions of inner errors', manyErrors, { message: 'many', errors: expect.any(Array) as unknown[] }],
  ['an empty object', () => ({}), { message: 'The handler threw {}' }],
  ['an object without a prototype', () => Object.create(null), { code: 'TOOL_ERROR' }],
  ['null', () => null, { message: 'The handler threw null' }],
  ['undefined', () => undefined, { message: 'The handler threw undefined' }],
  ['a text', () => 'out of paper', { message: 'out of paper' }],
  ['an empty text', () => '', { message: 'The handler failed with Error' }],
  ['a number', () => 42, { message: 'The handler threw 42' }],
  ['a BigInt', () => 7n, { message: 'The handler threw 7' }],
  ['a symbol', () => Symbol('s'), { message: 'The handler threw Symbol(s)' }],
  ['a function', () => trap, { message: 'The handler threw a function' }],
  ['an array', () => [1, 'two'], { message: 'The handler threw [1,"two"]', data: [1, 'two'] }],
  ['an error', () => new RangeError('too far'), { message: 'too far', code: 'TOOL_ERROR', retryable: false }],
  ['an error without a message', () => new RangeError(), { message: 'RangeError' }],
  ['an error of another realm', () => runInNewContext('new RangeError("x")'), { message: 'x' }],
  ['an object of another realm', () => runInNewContext('({ status: 1 })'), { data: { status: 1 } }],
  ['an error with a status', () => new Throttled('slow down'), { message: 'slow down', data: { status: 429 } }],
  ['a numeric code', () => Object.assign(new Error('x'), { code: -32_602 }), { message: 'x', code: '-32602' }],
  ['a DOMException', () => new DOMException('gone', 'NotFoundError'), { message: 'gone', code: 'NotFoundError' }],
  ['a ZodError', () => zodError, { message: expect.stringContaining('expected number'), code: 'TOOL_ERROR' }],
  [
    'fields of wrong types',
    () => Object.assign(new Error('x'), { name: 5, code: {}, retryable: 'yes', data: { big: 1n } }),
    {
      message: 'x',
      code: 'TOOL_ERROR',
      retryable: false,
      data: { notSerializable: expect.stringContaining('data.big') },
    },
  ],
  [
    'symbols as fields',
    () => Object.assign(new Error('x'), { name: Symbol('n'), message: Symbol('m'), code: Symbol('c') }),
    { message: 'Symbol(m)', code: 'TOOL_ERROR' },
  ],
  ['a number as message', () => Object.assign(new Error('x'), { message: 42 }), { message: '42' }],
  ['an object as message', () => Object.assign(new Error('x'), { message: { a: 1 } }), { message: '{"a":1}' }],
  [
    'getters that throw',
    () =>
      Object.defineProperties(new Error('x'), { message: { get: trap }, code: { get: trap }, cause: { get: trap } }),
    { message: expect.stringMatching(/^Error(: x)?$/), code: 'TOOL_ERROR' },
  ],
  ['a frozen error', () => Object.freeze(new Error('cold')), { message: 'cold' }],
  ['a proxy of an error', () => new Proxy(new Error('behind'), {}), { message: 'behind' }],
  [
    'a proxy whose traps throw',
    () => new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap }),
    { code: 'TOOL_ERROR', message: expect.stringMatching(/^The handler threw ./) },
  ],
  [
    'an object that contains an error',
    () => ({ status: 500, error: new TypeError('inner') }),
    {
      message: 'The handler threw {"status":500,"error":"TypeError: inner"}',
      data: { status: 500, error: { name: 'TypeError', message: 'inner' } },
    },
  ],
  [
    'a value with an error that is not JSON',
    () => ({ big: 1n, errors: [new TypeError('inner')] }),
    { message: expect.not.stringMatching(/\n +at /) },
  ],
  [
    'a proxy of an error whose traps throw',
    () => new Proxy(new Error('behind'), { get: trap, getPrototypeOf: trap }),
    { message: expect.not.stringMatching(/\n +at /) },
  ],
  ['a revoked proxy', revoked, { message: 'The handler threw <Revoked Proxy>' }],
  ['an error that is its own cause', () => cycle, { message: 'round', cause: { name: 'Error', message: 'and round' } }],
  ['an endless chain of causes', endless, { message: 'again', cause: { name: 'Error', message: 'again' } }],
  [
    'an AggregateError',
    () => new AggregateError([new TypeError('a'), Object.assign(new Error('b'), { code: 'B' }), 'c'], 'both'),
    {
      message: 'both',
      errors: [
        { name: 'TypeError', message: 'a' },
        { name: 'Error', message: 'b', code: 'B' },
        { name: 'Error', message: 'c' },
      ],
    },
  ],
  [
    'a SuppressedError',
    () => {
      using _closed = {
        [Symbol.dispose]() {
          throw new Error('not closed')
        },
      }
      throw new TypeError('not read')
    },
    {
      errors: [
        { name: 'Error', message: 'not closed' },
        { name: 'TypeError', message: 'not read' },
      ],
    },
  ],
  ['an AggregateError without a message', () => new AggregateError([new Error('a'), 'b']), { message: 'a; b' }],
  [
    'a stack as message',
    () => Object.assign(new Error('boom'), { message: new Error('boom').stack }),
    { message: 'Error: boom' },
  ],
  ['a name of a megabyte', () => Object.assign(new Error('x'), { name: 'n'.repeat(1e6) }), { message: 'x' }],
  [
    'a message above the limit',
    () => new Error('m'.repeat(5_000_000)),
    { message: `${'m'.repeat(65_536)}… (${5_000_000 - 65_536} more characters)`, code: 'TOOL_ERROR' },
  ],
  [
    'a ToolError',
    () =>
      new ToolError('at /srv/app/x.ts', {
        code: 'MINE',
        data: { file: '/etc/x' },
        retryable: true,
        cause: new Error('no'),
      }),
    { message: 'at /srv/app/x.ts', code: 'MINE', data: { file: '/etc/x' }, retryable: true },
  ],
]

function find({ id }: { id: string }): never {
  throw new Error(`No such id: ${id}`)
}

function ignore(): void {}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'any value that a handler throws or rejects with is a ToolError in the guest, with message and code',
    { tags: ['TL-2'] },
    async () => {
      const tools = Object.fromEntries(
        thrown.flatMap(([, make], i) => [
          [
            `throws_${i}`,
            () => {
              throw make()
            },
          ],
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- handlers do
          [`rejects_${i}`, () => Promise.reject(make())],
        ]),
      )
      await using client = connect(suite.executor, { ...config, tools })
      const code = `return Promise.all(Object.keys(tools).map(async (tool) => [tool, await (async () => {${caught('[tool]')}})()]))`
      const errors = Object.fromEntries(await client.executeAsync<[string, object][]>(code))
      for (const [i, [what, , expected]] of thrown.entries()) {
        for (const error of [errors[`throws_${i}`], errors[`rejects_${i}`]]) {
          expect([what, error]).toMatchObject([what, { name: 'ToolError', ...expected }])
          expect(JSON.stringify([what, error])).not.toMatch(/thrown-by-handlers|node_modules/)
        }
      }
      expect(errors[`throws_${thrown.length - 1}`]).not.toHaveProperty('cause')
    },
  )

  test('a refused connection keeps its code and its cause', { tags: ['TL-2'] }, async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    await using client = connect(suite.executor, {
      ...config,
      tools: { get: () => fetch(`http://127.0.0.1:${port}/`) },
    })
    expect(await client.executeAsync(caught('.get'))).toMatchObject({
      message: 'fetch failed',
      code: 'ECONNREFUSED',
      cause: { name: 'Error', message: `connect ECONNREFUSED 127.0.0.1:${port}`, code: 'ECONNREFUSED' },
    })
  })

  test.each([
    ["'/'.repeat(200_000)"],
    ["'\\\\'.repeat(200_000)"],
    ["'\\n at'.repeat(50_000)"],
    ["'a:'.repeat(100_000)"],
    ["'file://x '.repeat(20_000)"],
    ["' '.repeat(200_000)"],
  ])(
    'an input that a message repeats costs the client time linear in its length: %s',
    { tags: ['TL-2'] },
    async (id) => {
      await using client = connect(suite.executor, { ...config, tools: { find } })
      expect(await client.executeAsync(caught('.find', `{ id: ${id} }`))).toMatchObject({
        message: expect.stringMatching(/^No such id: /),
      })
    },
  )

  test(
    'the stack of an unexpected error reaches the logger, and never the guest or the event stream',
    { tags: ['TL-2'] },
    async () => {
      const logged: [string, Readonly<Record<string, unknown>>][] = []
      const error = (message: string, fields: Readonly<Record<string, unknown>>): void =>
        void logged.push([message, fields])
      const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error }
      const unforeseen = new TypeError('bad at /srv/app/x.ts:1:2', { cause: new Error('why') })
      const foreseen = new ToolError('not today', { cause: new Error('closed') })
      const tools = { breaks: () => Promise.reject(unforeseen), refuses: () => Promise.reject(foreseen) }
      await using client = connect(suite.executor, { ...config, tools, logger })
      const told: ClientEvents['tool'][] = []
      client.on('tool', (event) => told.push(event))
      const result = await client.run('console.error(await tools.breaks().catch((e) => e)); await tools.breaks()')
      expect(JSON.stringify(result)).not.toMatch(/thrown-by-handlers|srv|invoke/)
      expect(result).toMatchObject({ success: false, error: { message: 'bad at <path>', call: 2 } })
      expect(told[1]!.error).toMatchObject({ message: 'bad at <path>' })
      expect(told[1]!.error!.cause).toBe(unforeseen)
      expect(logged).toHaveLength(2)
      expect(logged[0]).toMatchObject([
        'tool handler failed',
        {
          tool: 'breaks',
          callId: `${result.executionId}:1`,
          error: {
            name: 'TypeError',
            message: 'bad at /srv/app/x.ts:1:2',
            stack: expect.stringContaining('thrown-by-handlers'),
            cause: { message: 'why', stack: expect.stringContaining('thrown-by-handlers') },
          },
        },
      ])
      const broken: unknown = await client.executeAsync('await tools.breaks()').catch((e: unknown) => e)
      expect(broken).toBeInstanceOf(ExecutionError)
      expect((broken as Error).cause).toBe(unforeseen)
      const refused: unknown = await client.executeAsync('await tools.refuses()').catch((e: unknown) => e)
      expect((refused as Error).cause).toBe(foreseen)
      expect(logged).toHaveLength(3)
      const caughtFirst = 'await tools.breaks().catch(() => {}); throw new Error("other")'
      const other: unknown = await client.executeAsync(caughtFirst).catch((e: unknown) => e)
      expect([(other as Error).message, (other as Error).cause]).toEqual(['other', undefined])
    },
  )
})
