import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test.each<[string, unknown]>([
  ['const r = { a: 1 }\nreturn r', { a: 1 }],
  ['result = 1\n2', 2],
  ['let result = 5\nundefined', 5],
  ['async function main() { result = await tools.echo(6) }\nmain()', 6],
  ['(async () => { result = await tools.echo(7); return result })()', 7],
  ['if (input) { var result = input.n }', 20],
  ['let result = 1; for (const n of [2, 3]) result += n', 6],
  ['const main = async ({ tools, input }) => tools.echo(input.n)', 20],
  [
    'async function main({ context, config }) { return { context, config } }',
    { context: { user: 'u' }, config: { mode: 'm' } },
  ],
  ["{ kind: 'a' as const }", { kind: 'a' }],
  ['// the answer\n{ a: await tools.echo(8), b: 2 } as any', { a: 8, b: 2 }],
  ['export default async function ({ tools }) { return tools.echo(9) }', 9],
  ['const rows = await tools.echo([10])\nexport default rows', [10]],
  ['export const main = async () => tools.echo(11)', 11],
  ['const log = []\n{ using a = { [Symbol.dispose]() { log.push("disposed") } } }\nlog', ['disposed']],
  ['await using a = { async [Symbol.asyncDispose]() {} }\n12', 12],
  ['\uFEFF#!/usr/bin/env node\n13', 13],
  ['```js\n#!/usr/bin/env node\n14\n```', 14],
  ['Here is the code:\n\n```ts\nconst n: number = 15\nn\n```\n\nIt gives 15.', 15],
])('the value of %j', { tags: ['EX-1', 'GU-3'] }, async (code, value) => {
  suite.codemode.registerTool('echo', (given) => given, { overwrite: true })
  const options = { input: { n: 20 }, config: { mode: 'm' } }
  expect(await suite.codemode.withContext({ user: 'u' }).executeAsync(code, options)).toEqual(value)
})

test.each<[string, number, number]>([
  ['', 1, 1],
  ['// only a comment', 1, 1],
  ['const a = 1\nconst output = a', 2, 7],
  ['async function main() { return 1 }\nconst a = 2', 1, 16],
  ['const a = 1\nif (a) { a } else { 2 }', 2, 1],
  ['function main(tools) { return 1 }', 1, 1],
])(
  'no value is null, with a warning where one seems to be meant: %j',
  { tags: ['GU-3'] },
  async (code, line, column) => {
    expect(await suite.codemode.run(code)).toMatchObject({
      success: true,
      result: null,
      warnings: [{ code: 'NO_VALUE', message: expect.stringMatching(/^The value is null\. /) as string, line, column }],
    })
  },
)

test('a value that is undefined on purpose gives no warning', { tags: ['GU-3'] }, async () => {
  for (const code of ['return undefined', 'const a = 1', 'console.log(1)', 'async () => {}']) {
    expect(await suite.codemode.run(code)).toMatchObject({ success: true, result: null, warnings: [] })
  }
})

test('a call that is assigned to fails when it runs, as in V8', { tags: ['GU-3'] }, async () => {
  expect(await suite.codemode.run('console.log(1)\nconst f = () => 1\nf() = 1')).toMatchObject({
    error: { name: 'ReferenceError', message: 'Invalid left-hand side in assignment' },
    logs: [{ text: '1' }],
  })
})

test.each<[string, number, number, string]>([
  ['const a = 1\nconst b = = 2', 2, 11, "Unexpected token '='"],
  ['let a = 1\nlet a = 2', 2, 5, "Identifier 'a' has already been declared"],
  ['const a = 1\nf() &&= a', 2, 1, 'Invalid left-hand side in assignment'],
  ['const f = () => {\n  await tools.echo(1)\n}', 2, 3, "Unexpected 'await'"],
  ['const a: number = f(1\nreturn a', 2, 1, "Unexpected token 'return'"],
  ['const a = <b>{c}</b>', 1, 11, "Unexpected token '<'"],
  ['```js\n1\n```\n```js\n2\n```', 4, 1, '2 fenced blocks, which begin at lines 1, 4'],
])('a syntax error names the token and its place: %j', { tags: ['GU-4'] }, async (code, line, column, message) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({
    success: false,
    error: {
      code: 'SYNTAX_ERROR',
      details: { line, column },
      guestStack: expect.stringContaining(`code:${line}:${column}`),
    },
  })
  expect(result).toHaveProperty('error.message', expect.stringContaining(message))
})

test('stacks have the places of the author on the line of an insertion', { tags: ['GU-3'] }, async () => {
  const code = 'let result; fail(); function fail() { throw new Error("x") }'
  expect(await suite.codemode.run(code)).toHaveProperty(
    'error.guestStack',
    expect.stringMatching(/fail \(code:1:45\)\n {4}at code:1:13$/),
  )
})

test.each<[string, number, number]>([
  ['const a = 1;\n  /(?<b>.)(?<b>.)/', 2, 3],
  ['const a = 1;  f() ||= 1', 1, 15],
  ['switch (1) { case 1: using a = null }', 1, 22],
  ['const a = 1\nf() &&= await 1', 2, 1],
])('%j, which only V8 refuses, is a syntax error with a place', { tags: ['GU-4'] }, async (code, line, column) => {
  const result = await suite.codemode.run(code)
  expect(result).toMatchObject({ success: false, error: { code: 'SYNTAX_ERROR', details: { line, column } } })
})
