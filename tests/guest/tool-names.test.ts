import { expect, test } from 'vitest'

import { Codemode, ExecutorClient, type ExecutionResult } from '@codemode/client'

import { apiKey } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const tools = {
  'user-list': () => 'users',
  'github.list-issues': () => 'issues',
  '2fa': () => 'two',
  get: (input: unknown) => input,
  list: (input: unknown) => input,
}
const suite = useCodemode({ client: { tools } })
const value = (code: string) => suite.codemode.executeAsync(code)

/** Runs code with tools of these names on the wire, whatever names the client accepts. */
async function runWithNames(code: string, names: readonly string[]): Promise<ExecutionResult> {
  const executor = new ExecutorClient({ executorUrl: suite.executor.url, executorApiKey: apiKey })
  await using codemode = Codemode.fromClientConfig({
    executor: {
      run: (request, options) => executor.run({ ...request, tools: names.map((name) => ({ name })) }, options),
      [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose](),
    },
  })
  return await codemode.run(code)
}

test("the guest's look-up sanitises names as the client does", { tags: ['TL-8'] }, async () => {
  const code = `
    return [
      await tools['user-list'](), await tools['user list'](), await tools.user_list(), await tools['2fa'](),
      await tools['github.list-issues'](), await tools.github['list-issues'](), 'user-list' in tools,
      tools['user-list'] === tools.user_list, typeof tools['user+lists'], Object.keys(tools),
    ]`
  expect(await value(code)).toEqual([
    'users',
    'users',
    'users',
    'two',
    'issues',
    'issues',
    true,
    true,
    'undefined',
    ['user_list', 'github', '_2fa', 'get', 'list'],
  ])
})

test('names may be identifiers of any script', { tags: ['TL-8'] }, async () => {
  const names = ['größe', 'données.élèves', '顧客', 'then_', '𝒳y']
  const code = `
    return [Object.keys(tools), typeof tools.größe, typeof tools.données.élèves, typeof tools['顧客'], typeof tools['gro\\u0308ße'],
      typeof tools['größe!']]`
  expect(await runWithNames(code, names)).toMatchObject({
    success: true,
    result: [['größe', 'données', '顧客', 'then_', '𝒳y'], 'function', 'function', 'function', 'function', 'undefined'],
  })
})

test('reserved names are no tools and never called implicitly', { tags: ['TL-8'] }, async () => {
  const reserved = ['then', 'constructor', 'prototype', '__proto__', 'toJSON', 'toString', '$x', 'a.then', 'a.toJSON']
  const code = `
    await tools; JSON.stringify(tools); String(tools) + \`\${tools}\`; console.log(tools, tools.a)
    await tools.a; JSON.stringify(tools.a)
    return [Object.keys(tools), typeof tools.then, typeof tools.toJSON, typeof tools.prototype, typeof tools.$x,
      tools.constructor === Object, typeof tools.toString(), 'then' in tools, typeof tools.a]`
  expect(await runWithNames(code, [...reserved, 'b'])).toMatchObject({
    success: true,
    result: [['b'], 'undefined', 'undefined', 'undefined', 'undefined', true, 'string', false, 'undefined'],
    toolCalls: [],
  })
})

test('an unknown name is undefined', { tags: ['TL-8'] }, async () => {
  const code = `
    return [typeof tools.nope, 'nope' in tools, tools.nope ?? 'none', tools.nope?.(), typeof tools.github.nope,
      tools.hasOwnProperty('get'), Object.hasOwn(tools, 'nope'), typeof tools.github]`
  expect(await value(code)).toEqual(['undefined', false, 'none', null, 'undefined', true, false, 'object'])
})

test.each([
  ['tools.list(undefined)', {}],
  ['tools.list()', {}],
  ['tools.list({ a: 1 }, undefined)', { a: 1 }],
  ['Promise.all([1, 2].map(tools.get))', [1, 2]],
  ['Promise.all(["a"].flatMap(tools.get))', ['a']],
  ['Promise.all(Array.from([1], tools.get))', [1]],
  ['Promise.all(Array.from(new Uint8Array([7])).map(tools.get))', [7]],
  ['new Promise((resolve) => [NaN].forEach((...args) => resolve(tools.get(...args))))', null],
])('%s is a call with one input', { tags: ['TL-2'] }, async (code, expected) => {
  expect(await value(`return ${code}`)).toEqual(expected)
})

test.each([
  'tools.get(1, 2)',
  'tools.get({ a: 1 }, { b: 2 })',
  'tools.get("a", 0)',
  'tools.get("a", 0, ["b"])',
  'tools.get("a", "0", ["a"])',
  'tools.get(undefined, { a: 1 })',
  'tools.get("a", 0, ["a"], 1)',
  'Promise.all(Array.from([1], (id, index) => tools.get(id, index)))',
])('%s is refused because a tool takes one object', { tags: ['TL-2'] }, async (code) => {
  expect(await suite.codemode.run(`return ${code}`)).toMatchObject({
    error: {
      name: 'ToolError',
      message: expect.stringContaining('A tool takes one object') as string,
      details: { tool: 'get', code: 'TOOL_INPUT_INVALID' },
    },
    toolCalls: [],
  })
})
