import { describe, expect, test } from 'vitest'

import { connect, transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test.each([
  ['a text that reads like a failure', '"ERROR: it failed"', 'ERROR: it failed'],
  [
    'a failed result',
    '({ success: false, error: { code: "CANCELLED" } })',
    { success: false, error: { code: 'CANCELLED' } },
  ],
  [
    'an ending',
    '({ ok: false, code: "CPU_TIMEOUT", name: "x", message: "y" })',
    { ok: false, code: 'CPU_TIMEOUT', name: 'x', message: 'y' },
  ],
  ['an error as a value', 'new Error("returned, not thrown")', { name: 'Error', message: 'returned, not thrown' }],
  ['a text of JSON', 'JSON.stringify({ ok: true, result: "1" })', '{"ok":true,"result":"1"}'],
  [
    'an object with the key __proto__',
    'JSON.parse(`{"__proto__":{"success":false}}`)',
    JSON.parse('{"__proto__":{"success":false}}'),
  ],
])('the returned value is the result and nothing else: %s', { tags: ['EX-8'] }, async (_what, expression, value) => {
  expect(await suite.codemode.run(`return ${expression}`)).toMatchObject({ success: true })
  expect(JSON.stringify(await suite.codemode.executeAsync(`return ${expression}`))).toBe(JSON.stringify(value))
})

test.each([
  ['a cancellation', 'Object.assign(new Error("x"), { name: "AbortError", code: "CANCELLED" })', 'AbortError'],
  [
    'a timeout',
    'Object.assign(new Error("x"), { name: "TimeoutError", code: "CPU_TIMEOUT", layer: "cpu" })',
    'TimeoutError',
  ],
  ['a success', '({ success: true, result: 1, name: "ok", message: "x" })', 'ok'],
  ['a crash', 'Object.assign(new Error("x"), { code: "SANDBOX_CRASHED", retryable: true })', 'Error'],
])(
  'the thrown value is always a GUEST_ERROR and nothing else: %s',
  { tags: ['EX-8'] },
  async (_what, expression, name) => {
    const result = await suite.codemode.run(`throw ${expression}`)
    expect(result).toMatchObject({
      success: false,
      error: { code: 'GUEST_ERROR', name, message: 'x', retryable: false },
    })
    await expect(suite.codemode.executeAsync(`throw ${expression}`)).rejects.toMatchObject({
      name: 'ExecutionError',
      code: 'GUEST_ERROR',
      errorName: name,
    })
  },
)

test('a ToolError that the code constructs has no details of a call', { tags: ['EX-8'] }, async () => {
  const forge = 'throw Object.assign(new ToolError("forged"), { tool: "bank", code: "TOOL_REJECTED", retryable: true })'
  const result = await suite.codemode.run(forge)
  expect(result).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', message: 'forged', retryable: false } })
  expect('error' in result ? result.error : {}).not.toHaveProperty('details')
})

test.each([
  'Script execution timed out.',
  'Isolate was disposed during execution due to memory limit',
  'Isolate is disposed',
])('an unhandled rejection does not end the code, whatever its message: %s', { tags: ['EX-8'] }, async (message) => {
  const result = await suite.codemode.run(
    `Promise.reject(new Error(${JSON.stringify(message)})); await sleep(1); return 'mine'`,
  )
  expect(result).toMatchObject({ success: true, result: 'mine' })
})

test.each([
  ['JSON.stringify', 'JSON.stringify = () => `{"ok":true,"result":"666"}`'],
  ['JSON', 'globalThis.JSON = { stringify: () => "666", parse: () => 666 }'],
  ['Promise.prototype.then', 'Promise.prototype.then = function (resolve) { resolve(666); return this }'],
  ['Promise.prototype.constructor', 'Promise.prototype.constructor = class { constructor() { return { then() {} } } }'],
  ['Promise', 'globalThis.Promise = class { static resolve() { return 666 } }'],
  ['Error', 'globalThis.Error = class { name = "forged"; message = "forged" }'],
  ['Error.prepareStackTrace', 'Error.prepareStackTrace = () => { throw 666 }'],
  [
    'Object.prototype',
    'Object.prototype.ok = true; Object.prototype.result = "666"; Object.prototype.code = "CANCELLED"',
  ],
  [
    'setters of Object.prototype',
    'for (const key of ["ok", "code", "name", "message", "result"]) Object.defineProperty(Object.prototype, key, { set() {}, get: () => 666, configurable: true })',
  ],
  [
    'toJSON of Object.prototype',
    'Object.defineProperty(Object.prototype, "toJSON", { value: undefined, writable: true })',
  ],
  [
    'Array.prototype',
    'for (const key of Object.getOwnPropertyNames(Array.prototype)) if (key !== "length") Array.prototype[key] = () => 666',
  ],
  ['Reflect', 'for (const key of Object.getOwnPropertyNames(Reflect)) Reflect[key] = () => 666'],
  ['Function.prototype', 'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 666'],
  [
    'WeakMap, Map and Set',
    'for (const type of [WeakMap, Map, Set]) for (const key of ["get", "set", "has", "add"]) if (key in type.prototype) type.prototype[key] = () => 666',
  ],
])('code that overrides %s changes neither its result nor its error', { tags: ['EX-8'] }, async (_what, override) => {
  const succeeded = await suite.codemode.run(`${override}\nreturn { mine: [1, 'two', null] }`)
  expect(succeeded).toMatchObject({ success: true, result: { mine: [1, 'two', null] } })
  const failed = await suite.codemode.run(`const error = new TypeError('mine')\n${override}\nthrow error`)
  expect(failed).toMatchObject({ success: false, error: { code: 'GUEST_ERROR', message: 'mine' } })
})

describe.each(transports)('over the $transport transport', ({ config }) => {
  test(
    'code that overrides the builtins of the runtime still calls its tools and gets their answers',
    { tags: ['EX-8'] },
    async () => {
      const inputs: unknown[] = []
      const echo = (input: unknown) => {
        inputs.push(input)
        return { echoed: input }
      }
      await using client = connect(suite.executor, { ...config, tools: { echo } })
      const value = await client.executeAsync(`
      JSON.stringify = () => '"forged"'
      JSON.parse = () => 'forged'
      Map.prototype.get = Map.prototype.set = Set.prototype.has = () => 'forged'
      Array.prototype.push = () => 'forged'
      Function.prototype.call = Function.prototype.apply = () => 'forged'
      return await tools.echo({ real: true })`)
      expect(value).toEqual({ echoed: { real: true } })
      expect(inputs).toEqual([{ real: true }])
    },
  )

  test('the list of tool calls has the real calls, not those that the code reports', { tags: ['EX-8'] }, async () => {
    await using client = connect(suite.executor, { ...config, tools: { real: () => 1 } })
    const result = await client.run(`
      await tools.real({})
      await tools.made_up?.({}).catch(() => {})
      return { toolCalls: [{ tool: 'made_up', status: 'completed' }] }`)
    expect(result).toMatchObject({ success: true, toolCalls: [{ tool: 'real', status: 'completed' }] })
    expect(result.toolCalls).toHaveLength(1)
  })
})
