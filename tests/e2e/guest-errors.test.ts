import { describe, expect, test } from 'vitest'

import { ExecutionError, ToolError } from '@codemode/client'

import { api, connect, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

async function errorOf(code: string): Promise<unknown> {
  const result = await suite.codemode.run(code, { cpuTimeoutMs: 1_000 })
  expect(result.success).toBe(false)
  return 'error' in result ? result.error : undefined
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  const tools = {
    add: ({ a, b }: { a: number; b: number }) => a + b,
    refuse: () => {
      throw new ToolError('not today', { code: 'E_CLOSED', data: { opens: '09:00' }, retryable: true })
    },
  }

  test(
    'an error has its name, its message, its own lines, the logs so far and the tools that it called',
    { tags: ['EX-8'] },
    async () => {
      await using client = connect(suite.executor, { ...config, tools })
      const code = [
        'const total: number = await tools.add({ a: 1, b: 2 })',
        'console.log("the total is", total)',
        'console.warn({ deep: [1] })',
        'function check(n: number) {',
        '  throw new RangeError(`${n} is too much`)',
        '}',
        'check(total)',
      ].join('\n')
      const error: unknown = await client.executeAsync(code).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ExecutionError)
      expect(error).toMatchObject({
        name: 'ExecutionError',
        code: 'GUEST_ERROR',
        errorName: 'RangeError',
        message: '3 is too much',
        guestStack: 'RangeError: 3 is too much\n    at check (code:5:9)\n    at code:7:1',
        retryable: false,
        logs: [
          { level: 'log', text: 'the total is 3' },
          { level: 'warn', text: '{ deep: [ 1 ] }' },
        ],
        toolCalls: [{ tool: 'add', status: 'completed' }],
      })
      expect((error as ExecutionError).toJSON()).toMatchObject({
        errorName: 'RangeError',
        toolCalls: [{ tool: 'add' }],
      })
    },
  )

  test(
    'a failed tool is an error that the code can catch, with all that the handler said',
    { tags: ['EX-8'] },
    async () => {
      await using client = connect(suite.executor, { ...config, tools })
      const caught = await client.executeAsync(`
      try {
        await tools.refuse({})
      } catch (error) {
        const { name, message, tool, code, data, retryable } = error
        return { name, message, tool, code, data, retryable, kind: error instanceof ToolError }
      }`)
      expect(caught).toEqual({
        name: 'ToolError',
        message: 'not today',
        tool: 'refuse',
        code: 'E_CLOSED',
        data: { opens: '09:00' },
        retryable: true,
        kind: true,
      })
    },
  )

  test(
    'the error for an uncaught tool failure has the tool, its code and the line of its call',
    { tags: ['EX-8'] },
    async () => {
      await using client = connect(suite.executor, { ...config, tools })
      const result = await client.run('const a = 1\nawait tools.refuse({})')
      expect(result).toMatchObject({
        success: false,
        error: {
          code: 'GUEST_ERROR',
          name: 'ToolError',
          message: 'not today',
          details: { tool: 'refuse', code: 'E_CLOSED', retryable: true },
        },
        toolCalls: [{ tool: 'refuse', status: 'failed', errorCode: 'E_CLOSED' }],
      })
      expect('error' in result ? result.error.guestStack : '').toContain('code:2:')
    },
  )

  test('an open call is cancelled when the code throws, and a warning names it', { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools: { hang: () => new Promise(() => {}) } })
    const result = await client.run('tools.hang({})\nawait sleep(1)\nthrow new Error("enough")')
    expect(result).toMatchObject({
      success: false,
      error: { message: 'enough' },
      toolCalls: [{ tool: 'hang', status: 'cancelled' }],
      warnings: [{ code: 'CALL_NOT_AWAITED', tool: 'hang', line: 1, message: expect.stringContaining('hang') }],
    })
  })
})

test.each([
  ['null', 'null', { message: 'thrown: null' }],
  ['undefined', 'undefined', { message: 'thrown: undefined' }],
  ['a string', '"only text"', { name: 'Error', message: 'only text' }],
  ['a number', '42', { message: 'thrown: 42' }],
  ['a BigInt', '7n', { message: 'thrown: 7' }],
  ['a symbol', 'Symbol("s")', { message: 'thrown: Symbol(s)' }],
  ['a function', '() => 1', { message: 'thrown: a function' }],
  ['an object', '{ status: 404 }', { message: 'thrown: {"status":404}' }],
  ['an object without a prototype', 'Object.create(null)', { message: 'thrown: {}' }],
  ['a proxy with traps that throw', 'new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })', { name: 'Error' }],
  ['an error with getters that throw', 'Object.defineProperty(new Error("m"), "name", { get() { throw 1 } })', {}],
  ['an error whose fields are not text', 'Object.assign(new Error("m"), { name: {}, stack: 5 })', { message: 'm' }],
])('the code may throw %s', { tags: ['EX-8'] }, async (_what, expression, expected) => {
  expect(await errorOf(`throw ${expression}`)).toMatchObject({ code: 'GUEST_ERROR', ...expected })
})

test('the CPU clock stops a getter of a thrown object that never returns', { tags: ['EX-8'] }, async () => {
  expect(await errorOf('throw { get message() { for (;;); } }')).toMatchObject({ code: 'CPU_TIMEOUT' })
})

test(
  'the message and the stack of an error are bounded, and say how much is left out',
  { tags: ['EX-8'] },
  async () => {
    const error = await errorOf('throw new Error("x".repeat(5_000_000))')
    expect(error).toMatchObject({
      code: 'GUEST_ERROR',
      message: expect.stringMatching(/^x{8192}… \(\d+ more characters\)/),
    })
    expect(JSON.stringify(error).length).toBeLessThan(64 * 1024)
  },
)

test('an exception from a timer or a microtask ends the execution with its position', { tags: ['EX-8'] }, async () => {
  expect(await errorOf('setTimeout(() => {\n  null.x\n}, 1)\nawait sleep(1_000)')).toMatchObject({
    code: 'GUEST_ERROR',
    name: 'TypeError',
    guestStack: expect.stringContaining('code:2:'),
  })
  expect(await errorOf('queueMicrotask(() => { throw new Error("micro") })\nawait sleep(1_000)')).toMatchObject({
    code: 'GUEST_ERROR',
    message: 'micro',
  })
})

test.each([
  ['TypeScript', 'interface A {\n  a: number\n}\nconst a: A = { a: 1 }\nthrow new Error(`${a.a}`)', 'code:5:7'],
  ['a fence', '```js\nconst a = 1\nthrow new Error("x")\n```', 'code:3:7'],
  ['a function', 'async () => {\n  throw new Error("x")\n}', 'code:2:9'],
  ['a last expression', '1 +\n  missing', 'code:2:3'],
  ['code after an await', 'await sleep(1)\n\nthrow new Error("x")', 'code:3:7'],
])('line and column are those of the submitted code, for %s', { tags: ['EX-8'] }, async (_form, code, place) => {
  const { guestStack } = (await errorOf(code)) as { guestStack: string }
  expect(guestStack).toContain(place)
  expect(guestStack).not.toMatch(/codemode:|node:|file:|\/work|packages/)
})

test('a failed execution is a 200 over HTTP, with its error in the result', { tags: ['EX-8'] }, async () => {
  const answer = await api(suite.executor, '/v1/executions', {
    body: { code: 'console.log(1)\nthrow new SyntaxError("mine")' },
  })
  expect(answer).toMatchObject({
    status: 200,
    body: {
      success: false,
      error: { code: 'GUEST_ERROR', name: 'SyntaxError', message: 'mine', retryable: false },
      logs: [{ level: 'log', text: '1' }],
      toolCalls: [],
    },
  })
  expect(answer.body).not.toHaveProperty('result')
})
