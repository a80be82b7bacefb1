import { describe, expect, test } from 'vitest'

import { ExecutionError, ToolError, type ClientEvents } from '@codemode/client'

import { connect, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()
const flightsDown = Object.assign(new Error('no seats left'), { code: 'SOLD_OUT' })
const trainsDown = new TypeError('timetable is empty', { cause: new Error('socket closed') })
const tools = {
  flights: () => Promise.reject(flightsDown),
  trains: () => {
    throw trainsDown
  },
}

describe.each(transports)('over the $transport transport', ({ config }) => {
  test('the result of a failed Promise.any has the failed tools and their errors', { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools })
    const settled: ClientEvents['settle'][] = []
    client.on('settle', (event) => settled.push(event))
    const result = await client.run('await Promise.any([tools.flights(), tools.trains()])')
    const errors = [
      { name: 'ToolError', message: 'no seats left', code: 'SOLD_OUT', tool: 'flights', call: 1, retryable: false },
      {
        name: 'ToolError',
        message: 'timetable is empty',
        code: 'TOOL_ERROR',
        tool: 'trains',
        guestStack: expect.stringContaining('at code:1:'),
        cause: { name: 'Error', message: 'socket closed' },
      },
    ]
    expect(result).toMatchObject({
      success: false,
      error: { code: 'GUEST_ERROR', name: 'AggregateError', message: 'All promises were rejected', errors },
    })
    expect(settled).toMatchObject([{ error: { code: 'GUEST_ERROR', errors } }])
  })

  test(
    'the thrown error has inner errors and causes, down to the errors of the handlers',
    { tags: ['EX-8'] },
    async () => {
      await using client = connect(suite.executor, { ...config, tools })
      const error: unknown = await client
        .executeAsync('await Promise.any([tools.flights(), tools.trains()])')
        .catch((thrown: unknown) => thrown)
      const { errors } = error as ExecutionError
      expect(error).toBeInstanceOf(ExecutionError)
      expect(errors).toHaveLength(2)
      expect(errors![0]).toBeInstanceOf(ToolError)
      expect(errors![0]).toMatchObject({ message: 'no seats left', code: 'SOLD_OUT', tool: 'flights' })
      expect(errors!.map(({ cause }) => cause)).toEqual([flightsDown, trainsDown])
      expect(errors![0]!.cause).toBe(flightsDown)
      expect((error as ExecutionError).toJSON()).toMatchObject({
        errors: [{ message: 'no seats left', code: 'SOLD_OUT' }, { cause: { cause: { message: 'socket closed' } } }],
      })
      expect(JSON.stringify(error)).not.toContain('error-causes.test')
    },
  )

  test('a wrapped tool error is the cause of the thrown error', { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools })
    const error: unknown = await client
      .executeAsync('try { await tools.trains() } catch (cause) { throw new RangeError("no way there", { cause }) }')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ errorName: 'RangeError', message: 'no way there' })
    const { cause } = error as Error
    expect(cause).toBeInstanceOf(ToolError)
    expect(cause).toMatchObject({ tool: 'trains', message: 'timetable is empty' })
    expect((cause as Error).cause).toBe(trainsDown)
  })

  test('console.error prints causes and inner errors', { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools })
    const { logs } = await client.run(`
      console.error(await Promise.any([tools.flights(), tools.trains()]).catch((error) => error))
      console.error('failed', new Error('top', { cause: new Error('middle', { cause: 'leaf' }) }))`)
    expect(logs[0]!.text).toMatch(
      /AggregateError: [^]*\[errors\]: [^]*ToolError: no seats left[^]*'SOLD_OUT'[^]*timetable[^]*\[cause\]: [^]*socket closed/,
    )
    expect(logs[1]!.text).toMatch(/^failed Error: top[^]*\[cause\]: Error: middle[^]*\[cause\]: 'leaf'/)
  })
})

test.each([
  ['throw new Error("a", { cause: "a text" })', { cause: { name: 'Error', message: 'a text' } }],
  ['throw new Error("a", { cause: { status: 4 } })', { cause: { message: '{"status":4}' } }],
  ['throw new Error("a", { cause: 0 })', { cause: { message: '0' } }],
  ['throw new Error("a", { cause: Symbol("s") })', { cause: { message: 'Symbol(s)' } }],
  [
    'throw new Error("a", { cause: Object.assign(new TypeError("b"), { code: 5 }) })',
    { cause: { name: 'TypeError', message: 'b', code: '5', guestStack: expect.stringContaining('code:1:') } },
  ],
  ['throw { message: "a", cause: new Error("b") }', { cause: { message: 'b' } }],
  ['throw new AggregateError([], "none")', { errors: [] }],
  [
    'throw new AggregateError([1, null, new AggregateError([new Error("deep")], "inner")], "outer")',
    { errors: [{ message: '1' }, { message: 'null' }, { message: 'inner', errors: [{ message: 'deep' }] }] },
  ],
  [
    'const a = new Error("a"); a.cause = new Error("b", { cause: a }); throw a',
    { cause: expect.not.objectContaining({ cause: expect.anything() }) },
  ],
  ['const a = new AggregateError([], "a"); a.errors.push(a); throw a', { errors: [{ message: '[circular]' }] }],
  [
    'throw Object.defineProperty(new Error("a"), "cause", { get() { throw 1 } })',
    { message: 'a', cause: undefined, errors: undefined },
  ],
  [
    'const { proxy, revoke } = Proxy.revocable([], {}); revoke(); throw { message: "a", errors: proxy }',
    { message: 'a' },
  ],
  ['throw { message: "a", errors: { length: 3 } }', { message: 'a', errors: undefined }],
  ...['Symbol()', '{ valueOf() { throw 1 } }', '{ valueOf: 1 }', 'NaN', '-1', '"2"', '5n'].map(
    (length): [string, object] => [
      `throw { message: "a", errors: new Proxy([], { get: () => (${length}) }) }`,
      { message: 'a', errors: [] },
    ],
  ),
  [
    'throw { message: "a", errors: new Proxy([], { get: (_, key) => (key === "length" ? Infinity : key) }) }',
    { message: 'a', errors: expect.objectContaining({ 0: { name: 'Error', message: '0' }, length: 65 }) },
  ],
  [
    'throw { message: "a", errors: Object.assign([], { length: 2 ** 32 - 1 }) }',
    { errors: expect.objectContaining({ 64: { name: 'Error', message: '… and 4294967231 more errors' } }) },
  ],
  [
    'using file = { [Symbol.dispose]() { throw new Error("not closed") } }; throw new TypeError("not read")',
    {
      name: 'SuppressedError',
      errors: [
        { name: 'Error', message: 'not closed', guestStack: expect.any(String) },
        { name: 'TypeError', message: 'not read', guestStack: expect.any(String) },
      ],
    },
  ],
  [
    'Object.prototype.toJSON = Array.prototype.toJSON = () => "forged"; throw new AggregateError([new Error("b")], "a")',
    { message: 'a', errors: [{ name: 'Error', message: 'b' }] },
  ],
  [
    'Object.prototype.tool = "t"; Object.prototype.call = 1; throw new Error("a", { cause: new Error("b") })',
    { message: 'a', cause: { name: 'Error', message: 'b', guestStack: expect.any(String) } },
  ],
])('the result of %s has its causes', { tags: ['EX-8'] }, async (code, expected) => {
  const result = await suite.codemode.run(code)
  const error =
    result.success || result.status === 'paused' ? {} : { cause: undefined, errors: undefined, ...result.error }
  expect(error).toMatchObject({ code: 'GUEST_ERROR', ...expected })
  expect(JSON.stringify(error)).not.toMatch(/forged|"tool"|"call"/)
})

async function errorOf(code: string) {
  const result = await suite.codemode.run(code)
  return 'error' in result ? result.error : undefined
}

test(
  'causes and inner errors are bounded in depth, number and length, and name what is left out',
  { tags: ['EX-8'] },
  async () => {
    const many = await errorOf(
      'throw new AggregateError(Array.from({ length: 1000 }, (_, i) => new Error("e" + i)), "m")',
    )
    expect(many?.errors).toHaveLength(65)
    expect(many?.errors?.at(-1)).toEqual({ name: 'Error', message: '… and 936 more errors' })
    const deep = await errorOf(
      'let e = 0; for (let i = 0; i < 1000; i++) e = new Error("e" + i, { cause: e }); throw e',
    )
    expect(JSON.stringify(deep).match(/"message"/g)).toHaveLength(6)
    const long = await errorOf('throw new AggregateError(Array(64).fill(new Error("\\u0000".repeat(1e5))), "long")')
    expect(long?.errors?.[0]?.message).toMatch(/^\0{2048}… \(97952 more characters\)$/)
    expect(JSON.stringify(long).length).toBeLessThan(300_000)
    const endless = 'const make = () => Object.defineProperty(new Error("e"), "cause", { get: make }); throw make()'
    expect(JSON.stringify(await errorOf(endless)).match(/"message"/g)).toHaveLength(6)
  },
)

test(
  'an error whose inner errors cannot be counted ends the code, also when a timer throws it',
  { tags: ['EX-8'] },
  async () => {
    const code = `
    setTimeout(() => { throw { message: 'a', errors: new Proxy([], { get: () => Symbol() }) } }, 1)
    await sleep(60_000)`
    expect(await errorOf(code)).toMatchObject({ code: 'GUEST_ERROR', message: 'a', errors: [] })
  },
)

test('the CPU clock stops a getter of a cause that never returns', { tags: ['EX-8'] }, async () => {
  const code = 'throw Object.defineProperty(new Error("a"), "cause", { get() { for (;;); } })'
  expect(await suite.codemode.run(code, { cpuTimeoutMs: 200 })).toMatchObject({ error: { code: 'CPU_TIMEOUT' } })
})
