import { afterEach, describe, expect, test } from 'vitest'

import { inputs, outcomeOf } from './value-of.test-support.ts'

type Row = [code: string, value: unknown]

async function expectValue(code: string, value: unknown): Promise<void> {
  expect((await outcomeOf(code)).value).toEqual(value)
}

describe('a top-level return', () => {
  test.each<Row>([
    ['return 4', 4],
    ['if (input.n > 3) return 1\n5', 1],
    ['result = 3\nreturn 4', 4],
    ['for (const x of [1, 2]) { if (x > 1) return x }\n9', 2],
    ['return undefined', undefined],
    ['if (input.n < 3) return 1\n5', 5],
    ['if (input.n < 3) return null\nresult = 4', 4],
    ['try { return await Promise.resolve(1) } catch { return 2 }', 1],
    ['"use strict"; result = 4; return result', 4],
  ])('%s', expectValue)
})

describe('the last expression', () => {
  test.each<Row>([
    ['2 + 2', 4],
    ['await Promise.resolve(4)', 4],
    ['1, 4', 4],
    ['(\n4 // four\n) // end', 4],
    ['const a = 4\na // the value', 4],
    ['4 // four\n;', 4],
    ['4;;', 4],
    ['main()\nasync function main() { return 4 }', 4],
    ['if (input.n) {} 4', 4],
    ['"use strict"', 'use strict'],
    ['"a string"', 'a string'],
    ['/;/.source', ';'],
    ['(async () => 4)()', 4],
    ['const result = 4; result * 2', 8],
    ['result = 4\n;[1].map((x) => x)', [1]],
    ['result = 4; null', null],
    ['result = 4; 0', 0],
    ['var a = 010; with ({ b: 1 }) { a += b }\na', 9],
    ['const a = {}; a.result = 1; 7', 7],
    ['(async () => { result = await 7; return result })()', 7],
    ['using a = null; 5', 5],
    ['await using a = null\n5', 5],
  ])('%s', expectValue)

  test('a call that is assigned to fails when it runs', async () => {
    await expect(outcomeOf('f() = 1\nfunction f() {}')).rejects.toThrow(
      new ReferenceError('Invalid left-hand side in assignment'),
    )
  })
})

describe('an exported function beside its helpers', () => {
  test.each<Row>([
    ['const twice = (n) => 2 * n\nexport async function main({ input }) { return twice(input.n) }', 40],
    ['function twice(n) { return 2 * n }\nexport const run = async ({ input }) => twice(input.n)', 40],
    ['const main = () => helper()\nfunction helper() { return 4 }\nexport { main }', 4],
    ['export function helper() { return 4 }\nexport function main() { return helper() + 1 }', 5],
    ['export function helper() { return 4 }\nconst result = 5', 5],
    ['export function helper() { return 4 }\nhelper() * 2', 8],
    ['export function a() { return 4 }\nexport function b() { return 5 }', undefined],
    ['export function a() { return 4 }\nfor (const x of [1]) {}', 4],
    ['export function a() { return 4 }\nconst b = a()', undefined],
    ['export function a(x) { return x }\nconst b = 1', undefined],
  ])('%s', expectValue)
})

describe('result', () => {
  test.each<Row>([
    ['result = 2 + 2', 4],
    ['result = 4 // why', 4],
    ['[1, 2].forEach((x) => { result = x })', 2],
    ['({ result } = { result: 4, a: 1 })', 4],
    ['[[result = 4] = []] = []', 4],
    ['for (result of [1, 2]);', 2],
    ['for (var result of [1, 2]);', 2],
    ['"use strict"; result = 4', 4],
    ['const result = 4', 4],
    ['const { a: result } = { a: 4 }', 4],
    ['let result\nfor (const x of [1, 4]) { result = x }', 4],
    ['if (input.n) { var result = 3 }', 3],
    ['{ { var result = 3 } }', 3],
    ['try { var [result] = [3] } catch {}', 3],
    ['switch (1) { case 1: var result = 3 }', 3],
    ['async function main() { result = 5 }\nmain()', 5],
    ['async function main() { result = await 5 }\nmain().catch(() => {})', 5],
    ['let result\nconst main = async () => { result = await 5 }\nawait main()', 5],
    ['async function main() { result = 5 }', 5],
    ['let result = 5; undefined', 5],
    ['let result = 1; result += 1', 2],
    ['result = 1; result *= 7', 7],
    ['let result = 1; result++', 2],
    ['result = 3; --result', 2],
    ['result ??= 5', 5],
    ['result ||= 5', 5],
    ['let result = { n: 1 }; result.n += 1', 2],
    ['result = []; result.push(1)', 1],
    ['{ function result() {} }\nresult = 3', 3],
    ['result = 4 as number', 4],
    ['using a = null\nconst result = 4', 4],
  ])('%s', expectValue)

  test.each(['result += 1', 'result++', 'for (const x of [1]) { result += x }'])(
    '%s reads a variable that is not there',
    async (code) => {
      await expect(outcomeOf(code)).rejects.toThrow(new ReferenceError('result is not defined'))
    },
  )

  test.each<Row>([
    ['function f() { let result; result = 1; return 2 }\nf()', 2],
    ['const f = (result) => { result = 1; return 3 }; f()', 3],
    ['try { throw 1 } catch (result) { result = 2 } 3', 3],
    ['function result() {}\nvar a = 1', undefined],
    ['{ const result = 1 }', undefined],
    ['for (const result of [1]);', undefined],
  ])('is not the value where it is out of scope: %s', expectValue)
})

describe('a property result of the global object', () => {
  afterEach(() => {
    Reflect.deleteProperty(globalThis, 'result')
  })
  test.each<Row>([
    ['globalThis.result = 4; const a = 1', 4],
    ["if (input.n) globalThis['result'] = [4]", [4]],
    ['const f = () => { globalThis.result = 4 }\nf()', 4],
    ['globalThis.result = 4\n5', 5],
    ['globalThis.other = 4; const a = 1', undefined],
    ['const a = {}; a.result = 4; const b = 1', undefined],
  ])('is the value if no variable has that name: %s', expectValue)
})

describe('a lone function', () => {
  test.each<Row>([
    ['async () => 4', 4],
    ['(() => 4);', 4],
    ['(async function () { return 4 })', 4],
    ['async function main() { return 4 }', 4],
    ['const main = async () => 4', 4],
    ['let run = function () { return 4 } // done', 4],
    ['const result = async () => 4', 4],
    ['"use strict"\nfunction main() { return 4 }', 4],
    ['// why\nfunction main() { return 4 }\n// end', 4],
    ['async (): Promise<number> => 4', 4],
    ['const main = async ({ input }: { input: { n: number } }): Promise<number> => input.n', 20],
    ['async ({ tools, input, context, config }) => ({ tools, input, context, config })', inputs],
    ['function main({ input: { n } }) { return n }', 20],
    ['function main({ input } = {}) { return input.n }', 20],
    ['async function input({ input }) { return input.n }', 20],
    ['const tools = ({ tools }) => tools.name', 'tools'],
    ['async function main() { result = 5; return 6 }', 6],
    ['function () { return 4 }', 4],
    ['async function () { return 4 };', 4],
    ['// why\nasync function ({ input }) {\n  return input.n\n}\n', 20],
    ['async function ({ input: { n } }: { input: { n: number } }): Promise<number> { return n }', 20],
    ['```js\nasync function () { result = 4 }\n```', 4],
  ])('is called: %s', expectValue)

  test.each<Row>([
    ['function main(tools) { return 4 }', undefined],
    ['const main = async (tools) => 4', undefined],
    ['const main = ({ tools }, more) => 4', undefined],
    ['function* main() { yield 4 }', undefined],
    ['function f() { return 1 }\nconst a = 1', undefined],
    ['function f() { return 1 }\nfunction g() { return 2 }', undefined],
    ['async function main() { return await main }\nconst a = 1', undefined],
  ])('is not called: %s', expectValue)

  test('is a value like any other if it cannot be called', async () => {
    expect((await outcomeOf('(x) => x')).value).toBeTypeOf('function')
  })
})

describe('an object literal', () => {
  test.each<Row>([
    ['{ a: 1 }', { a: 1 }],
    ['{ a: 1, b: [2] };', { a: 1, b: [2] }],
    ['\n{ a: 1 } // done', { a: 1 }],
    ['{}', {}],
    ["{ kind: 'a' as const }", { kind: 'a' }],
    ["{ kind: 'a' as const, n: 1 }", { kind: 'a', n: 1 }],
    ['// why\n{ a: 1 }', { a: 1 }],
    ['/* why */ { a: { b: 1 } } as any', { a: { b: 1 } }],
    ['{ a: 1, b: 2 } satisfies object // x', { a: 1, b: 2 }],
    ['{ a: await Promise.resolve(1) }', { a: 1 }],
    ['#!/usr/bin/env node\n{ a: 1 }', { a: 1 }],
    ['```json\n{ "a": 1, "b": null }\n```', { a: 1, b: null }],
    ['{ a: 1 }\n4', 4],
    ['{ let a = 1; result = a }', 1],
    ['{ input.n }\n+1', 1],
  ])('%s', expectValue)
})

describe('exports', () => {
  test.each<Row>([
    ['export default 2 + 2', 4],
    ['export default (async () => 5)() // x', 5],
    ['export default (1 + 2) * 3;\n', 9],
    ['const x = 2\nexport default { a: x }', { a: 2 }],
    ['const x = 2\nexport default\n{ a: x, b: 1 }', { a: 2, b: 1 }],
    ['export default async function () { return 4 }', 4],
    ['const x = 4\nexport default async () => x', 4],
    ['export default async function main({ input }) { return input.n }', 20],
    ['const x = 4\nexport default async function main() { return x }', 4],
    ['main()\nexport default async function main() { return 4 }', 4],
    ['const main = async () => 4\nexport default main', 4],
    ['const rows = [4]\nexport default rows;', [4]],
    ['const a = 5; export { a as default }', 5],
    ['export const main = async () => 4', 4],
    ['export function run() { return 4 }', 4],
    ['export async function run({ input }: any): Promise<number> { return input.n }', 20],
    ['export const result = 4', 4],
    ['const f = Math.max\nexport const [result] = [f(4)]', 4],
    ['export function f() { return 4 }\nf()', 4],
    ['export { f }\nfunction f() { return 4 }', 4],
    ['const a = 4\nexport {}\na', 4],
    [`import type { A } from 'a'\nexport type B = A\n4`, 4],
    ['export async function main() { return f() }\nfunction f() { return 4 }', 4],
    ['function f() { return 4 }\nexport const run = async () => f()', 4],
    ['const f = () => 4\nexport { run }\nfunction run() { return f() }', 4],
    ['export const a = 1, b = 2\nexport function main() { return a + b }', 3],
    ['export async function main() { return 4 }\nconsole.log("loaded")', 4],
    ['export async function main() { result = 4 }\nfunction f() {}', 4],
    ['export function f() { return 1 }\n5', 5],
    ['export function f() { return 1 }\nexport function g() { return 2 }', undefined],
    ['export function f(a) { return 1 }\nconst b = f(1)', undefined],
    ['export const result = 4\nexport function f() { return 1 }', 4],
    ['let n = 0\nexport async function main() { n += 1; return n }\nresult = [await main(), n]', [1, 1]],
    ['let n = 0\nexport default async function main() { return ++n }\nconst a = await main()', undefined],
    ['export default 4\n5', 4],
    ['export default { a: 1 }\nconsole.log("done")', { a: 1 }],
    ['export default async ({ input }) => input.n\n;[1].push(2)', 20],
    ['export default function () { return a }\nconst a = 4', 4],
    ['export default (async () => 4)()\nconst a = 1', 4],
    ['export default { a: exported() }\nfunction exported() { return 4 }', { a: 4 }],
    ['const a = 4\nexport default a\nconsole.log(a)', 4],
    ['export default async function main() { return 4 }\nconsole.log("loaded")', 4],
    ['export default async function main() { return 4 }\nmain()', 4],
    ['export default class A { static b = 4 }\nA.b', 4],
    ['const a: number = 4\nexport default a as unknown;\nconst b = 1', 4],
    ['export interface A { b: string }\nexport const result: A = { b: "c" }', { b: 'c' }],
  ])('%s', expectValue)
})

describe('text around the program', () => {
  test.each<Row>([
    ['', undefined],
    ['// nothing', undefined],
    ['/* a\n b */', undefined],
    ['#!/usr/bin/env node\n4', 4],
    ['\uFEFF#!/usr/bin/env node\n4', 4],
    ['```js\n#!/usr/bin/env node\n4\n```', 4],
    ['#!/usr/bin/env -S deno\nconst a: number = 4\na', 4],
    ['\uFEFFconst a: number = 4\na', 4],
    ['4 <!-- comment\n--> comment', 4],
    ['"\u2028".length', 1],
    ['"\0".length', 1],
    ['const a = 4\r\na\r\n', 4],
    ['const a = 4 // \u2028a', 4],
    ['const a: number = 4\ninterface B { c: string }\na as unknown', 4],
    ['const f = <T,>(x: T): T => x\nreturn f<number>(4)', 4],
    ['```js\nreturn 4\n```', 4],
    ['\n~~~typescript title="x"\nlet x: number = 4\nx\n~~~\n', 4],
    ['```js\r\nconst a = 4\r\na\r\n```\r\n', 4],
    ['Here is the code:\n```js\n4\n```\nIt gives 4.', 4],
    ['const a = 4\na\n```', 4],
    ['const a: number = 4\nreturn a\n```\n\n', 4],
    ['Code:\n```js\nreturn 4\n```', 4],
    ["Sure, that's it\n\n```ts\nconst a: number = 4\na\n```\n", 4],
    ['I will call it.\n\n~~~\nresult = 4', 4],
    ['```js\n4\n```\nThis gives 4.', 4],
    ['return `\n~~~js\n1\n~~~\n`.length', 13],
  ])('%j', expectValue)
})
