import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { ConfigurationError, tool, ToolError } from '@codemode/client'

import { transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const args = { type: 'array', items: { $ref: '#/$defs/n' } }
const conditions = [
  ...['and', 'or', 'not'].map((op) => ({ type: 'object', properties: { op: { const: op }, args }, required: ['op'] })),
  { type: 'object', properties: { field: { type: 'string', pattern: '^([a-z]+_?)+$' } }, required: ['field'] },
]
const handled: unknown[] = []
const note = (input: unknown): unknown => {
  handled.push(input)
  return input
}

const tools = {
  function: (input: unknown) => input,
  async: async (input: unknown) => input,
  execute: { execute: (input: unknown) => input },
  run: { run: (input: unknown) => input },
  runAsync: { runAsync: async (input: unknown) => input },
  bound: {
    unit: 'kg',
    run(input: number) {
      return `${input} ${this.unit}`
    },
  },
  nothing: () => {},
  zod: tool({ inputSchema: z.object({ n: z.coerce.number() }), execute: ({ n }) => n + 1 }),
  json: tool({ inputSchema: city, execute: note }),
  strict: tool({ outputSchema: z.object({ celsius: z.number() }), execute: (input) => input as { celsius: number } }),
  tree: tool({ inputSchema: { $ref: '#/$defs/n', $defs: { n: { oneOf: conditions } } }, execute: () => 'checked' }),
  refined: tool({ inputSchema: z.object({}).refine(() => Promise.reject(new Error('down'))), execute: note }),
  listed: tool({ outputSchema: { type: 'array', items: { type: 'number' } }, execute: (input) => input }),
  map: () => ({ inner: new Map() }),
  big: () => 'x'.repeat(4 * 1024 * 1024),
  throws: () => {
    throw new ToolError('out of stock', { code: 'SOLD_OUT', data: { left: 0 }, retryable: true })
  },
  breaks: () => {
    throw new TypeError(`bad at /srv/app/secret.ts:1:1\n    at handler (/srv/app/secret.ts:1:1)`)
  },
}

/** Returns code that catches the error of one call in the guest and returns its fields. */
const failing = (call: string) => `
  try { return await ${call} }
  catch (error) {
    return {
      isToolError: error instanceof ToolError && error instanceof Error,
      name: error.name, tool: error.tool, code: error.code, message: error.message, data: error.data,
      retryable: error.retryable,
    }
  }`

/** Returns code that nests a condition `depth` levels deep, and calls the tool with it. */
const nested = (input: string, depth: number) => `
      let n = ${input}
      for (let i = 0; i < ${depth}; i++) n = { op: 'and', args: [n] }
      ${failing('tools.tree(n)')}`

const invalid = (message: string) => ({
  code: 'TOOL_INPUT_INVALID',
  message: expect.stringContaining(message) as string,
})

describe.each(transports)('over $transport', ({ config }) => {
  const suite = useCodemode({ client: { ...config, tools } })

  test('every shape of a tool gives the same answer, sync or async', { tags: ['TL-1'] }, async () => {
    const names = ['function', 'async', 'execute', 'run', 'runAsync']
    const code = `return Promise.all(input.map((name) => tools[name]({ a: [1, null, 'ä'] })))`
    expect(await suite.codemode.executeAsync(code, { input: names })).toEqual(names.map(() => ({ a: [1, null, 'ä'] })))
    expect(await suite.codemode.executeAsync('tools.bound(2)')).toBe('2 kg')
    expect(await suite.codemode.executeAsync('tools.nothing({ a: 1 })')).toBeNull()
    expect(await suite.codemode.executeAsync('[await tools.function(), await tools.function(undefined)]')).toEqual([
      {},
      {},
    ])
  })

  test('a handler gets the output of its input schema', { tags: ['TL-2'] }, async () => {
    expect(await suite.codemode.executeAsync(`tools.zod({ n: '41' })`)).toBe(42)
  })

  test.each([
    ['tools.zod({ n: {} })', 'zod', 'TOOL_INPUT_INVALID', 'input.n:'],
    ['tools.json({ city: 5 })', 'json', 'TOOL_INPUT_INVALID', 'input.city:'],
    ['tools.json({})', 'json', 'TOOL_INPUT_INVALID', 'input:'],
    [`tools.strict({ celsius: 'hot' })`, 'strict', 'TOOL_OUTPUT_INVALID', 'output.celsius:'],
    [`tools.listed([1, 'two'])`, 'listed', 'TOOL_OUTPUT_INVALID', 'output[1]:'],
    ['tools.map()', 'map', 'TOOL_OUTPUT_INVALID', 'output.inner is a Map'],
  ])('%s fails with the path, and the code can catch it', { tags: ['TL-2'] }, async (call, tool, code, place) => {
    handled.length = 0
    const error = await suite.codemode.executeAsync<{ message: string }>(failing(call))
    expect(error).toMatchObject({ isToolError: true, name: 'ToolError', tool, code, retryable: false })
    expect(error.message).toContain(place)
    expect(error).toHaveProperty('data.issues')
    expect(handled).toEqual([])
  })

  test('validation by a recursive schema is fast, however deep or wide the input is', { tags: ['TL-2'] }, async () => {
    const { codemode } = suite
    const run = (input: string, depth: number) => codemode.executeAsync(nested(input, depth))
    for (const depth of [16, 20, 60]) expect(await run(`{ field: 'a_b' }`, depth)).toBe('checked')
    expect(await run(`{ field: 5 }`, 20)).toMatchObject(invalid('.args[0].field: expected string, got number'))
    expect(await run(`{ field: 'a'.repeat(200_000) + '!' }`, 20)).toMatchObject(invalid('does not match the pattern'))
    expect(await run(`{ op: 'or', args: Array(100_000).fill(1) }`, 1)).toMatchObject(invalid('and at least 95 more'))
    expect(await run(`{ field: 'a' }`, 450)).toMatchObject(invalid('nested too deeply to be checked'))
  })

  test('a validation that throws is not reported as a failed handler', { tags: ['TL-2'] }, async () => {
    handled.length = 0
    expect(await suite.codemode.executeAsync(failing('tools.refined({})'))).toMatchObject({
      code: 'TOOL_INPUT_INVALID',
      message: `The input of refined could not be checked: the check by the tool's inputSchema failed.`,
    })
    expect(handled).toEqual([])
  })

  test('an input that is not JSON is refused before it is sent, with its path', { tags: ['TL-2'] }, async () => {
    const error = await suite.codemode.run('await tools.json({ list: [1, { big: 1n }] })')
    expect(error).toMatchObject({
      success: false,
      error: { code: 'GUEST_ERROR', name: 'ToolError', details: { tool: 'json', code: 'TOOL_INPUT_INVALID' } },
      toolCalls: [],
    })
    expect(error).toHaveProperty('error.message', expect.stringContaining('.list[1].big is a BigInt'))
  })

  test('inputs and outputs above their limits are refused with limit and size', { tags: ['TL-2'] }, async () => {
    expect(await suite.codemode.executeAsync(failing(`tools.function('x'.repeat(1024 * 1024))`))).toMatchObject({
      code: 'TOOL_INPUT_TOO_LARGE',
      data: { sizeBytes: 1_048_578, limitBytes: 1_048_576 },
    })
    expect(await suite.codemode.executeAsync(`(await tools.function('x'.repeat(1024 * 1024 - 2))).length`)).toBe(
      1_048_574,
    )
    expect(await suite.codemode.executeAsync(failing('tools.big()'))).toMatchObject({ code: 'TOOL_OUTPUT_TOO_LARGE' })
  })

  test('the largest input and the largest context fit through together', { tags: ['TL-2'] }, async () => {
    const input = 'x'.repeat(1024 * 1024 - 2)
    const context = { text: 'x'.repeat(1024 * 1024 - 11) }
    const length = await suite.codemode.executeAsync('(await tools.function(input)).length', { input, context })
    expect(length).toBe(input.length)
  })

  test('a ToolError of the handler arrives with all its fields', { tags: ['TL-2'] }, async () => {
    expect(await suite.codemode.executeAsync(failing('tools.throws()'))).toEqual({
      isToolError: true,
      name: 'ToolError',
      tool: 'throws',
      code: 'SOLD_OUT',
      message: 'out of stock',
      data: { left: 0 },
      retryable: true,
    })
  })

  test(
    'an error of the handler shows the guest no path and no stack of the host',
    { tags: ['TL-2', 'TL-3'] },
    async () => {
      expect(await suite.codemode.executeAsync(failing('tools.breaks()'))).toMatchObject({
        code: 'TOOL_ERROR',
        message: 'bad at <path>',
        retryable: false,
      })
    },
  )

  test('an uncaught failure of a tool fails the execution and names the tool', { tags: ['TL-2'] }, async () => {
    const result = await suite.codemode.run('await tools.throws()')
    expect(result).toMatchObject({
      success: false,
      error: { code: 'GUEST_ERROR', name: 'ToolError', message: 'out of stock' },
      toolCalls: [{ tool: 'throws', status: 'failed', errorCode: 'SOLD_OUT' }],
    })
    expect(result).toHaveProperty('error.details', { tool: 'throws', code: 'SOLD_OUT', retryable: true })
    expect(result).toHaveProperty('error.guestStack', 'ToolError: out of stock\n    at code:1:13')
  })

  test(
    'a tool registered later exists in the next execution, and taken names are refused',
    { tags: ['TL-7'] },
    async () => {
      const { codemode } = suite
      const name = `late_${config === transports[0].config}`
      expect(await codemode.executeAsync(`typeof tools.${name}`)).toBe('undefined')
      codemode.registerTool(name, () => 'first')
      expect(await codemode.executeAsync(`tools.${name}()`)).toBe('first')
      expect(() => codemode.registerTool(name, () => 'second')).toThrow(ConfigurationError)
      expect(await codemode.executeAsync(`tools.${name}()`)).toBe('first')
      codemode.registerTool(name, () => 'second', { overwrite: true })
      expect(await codemode.executeAsync(`tools.${name}()`)).toBe('second')
    },
  )

  test(
    'invalid identifiers are called by their converted names, and namespaces are called by dots',
    { tags: ['TL-8'] },
    async () => {
      const { codemode } = suite
      codemode.registerTool('get-user info', (input) => ['user', input])
      codemode.registerTool('2fa', () => 'two')
      codemode.registerTool('github.list-issues', (input) => ['issues', input])
      expect(await codemode.executeAsync('tools.get_user_info(1)')).toEqual(['user', 1])
      expect(await codemode.executeAsync('tools._2fa()')).toBe('two')
      expect(
        await codemode.executeAsync(`[await tools.github.list_issues(1), await tools['github.list_issues'](2)]`),
      ).toEqual([
        ['issues', 1],
        ['issues', 2],
      ])
      const options = { availableTools: ['github.list-issues'] }
      expect(await codemode.executeAsync('[Object.keys(tools), await tools.github.list_issues(3)]', options)).toEqual([
        ['github'],
        ['issues', 3],
      ])
      codemode.registerTool('größe', () => 'letters stay')
      codemode.registerTool('wetter.日本', () => 'in namespaces too')
      expect(await codemode.executeAsync('[await tools.größe(), await tools.wetter.日本()]')).toEqual([
        'letters stay',
        'in namespaces too',
      ])
      for (const taken of [
        'get_user_info',
        'github.list_issues',
        'then',
        'a.constructor',
        '__proto__',
        'toJSON',
        'x.toString',
        '$x',
      ]) {
        expect(() => codemode.registerTool(taken, () => {})).toThrow(ConfigurationError)
      }
    },
  )
})
