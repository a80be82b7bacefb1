import { describe, expect, test } from 'vitest'

import { prepareSource } from './prepare-source.ts'
import { matching, refusalOf, type Row } from './syntax-error.test-support.ts'

function expectError(...row: Row): void {
  expect(prepareSource(row[0])).toEqual(refusalOf(row))
}

describe('the unexpected token is named', () => {
  test.each<Row>([
    ['const a = 1\nconst b = = 2', 2, 11, "Unexpected token '='"],
    ['```js\nconst b = = 2\n```', 2, 11, "Unexpected token '='"],
    ['const a: number = 1\nlet b: = 2', 2, 8, "Unexpected token '='"],
    ['const a: number = 3 4', 1, 21, 'Unexpected number 4'],
    ['a b', 1, 3, "Unexpected identifier 'b'"],
    ['print "x"', 1, 7, 'Unexpected string "x"'],
    ['let größe größer', 1, 11, "Unexpected identifier 'größer'"],
    ['return return', 1, 8, "Unexpected token 'return'"],
    ['const a = 1 ?.. 2', 1, 15, /^Unexpected/],
    ['{ a: 1, b: = }', 1, 12, "Unexpected token '='"],
    ["// why\n{ a: 'b' 'c' }", 2, 10, "Unexpected string 'c'"],
    ['if x > 3 { }', 1, 4, "Unexpected identifier 'x'"],
    ['const a', 1, 8, 'Unexpected end of input'],
    ['return 1 +', 1, 11, 'Unexpected end of input'],
    ['const a\0= 1', 1, 8, /^Unexpected character/],
    ['const a = 1\r\nlet b = = 2', 2, 9, "Unexpected token '='"],
    ['// \u2028let b = = 2', 2, 9, "Unexpected token '='"],
    ['let b: number // \u2028 = = 2', 2, 4, "Unexpected token '='"],
    ['const 名前: number = = 1', 1, 20, "Unexpected token '='"],
    ['const a: string = "😀" 5', 1, 24, 'Unexpected number 5'],
    ["\tconst a: string = '\t' 5", 1, 24, 'Unexpected number 5'],
    ['const a: string = "e\u0301" 5', 1, 24, 'Unexpected number 5'],
  ])('%j', expectError)
})

describe('an error of code with exports is reported as it is', () => {
  test.each<Row>([
    ['export default async function main() { const x = ; }', 1, 50, "Unexpected token ';'"],
    ['export async function main(): Promise<void> {\n  const x = = 1\n}', 2, 13, "Unexpected token '='"],
    [
      'export const main = async () => {\n  f(1, 2\n  return 1\n}',
      3,
      3,
      "Unexpected token 'return'",
      /\( since line 2/,
    ],
    ['export const f = (x: number) => {\n  g(x\n', 3, 1, 'Unexpected end of input', /\{ since line 1, \( since line 2/],
    ['export default', 1, 15, 'Unexpected end of input'],
    ['export const f = (x: number) => { await x }', 1, 35, /^Unexpected 'await'/, /function f/],
    ['let a: number\nexport enum Color { Red }', 2, 8, /enum/, /^Use an object/],
    ['export const enum Color { Red }', 1, 8, /enum/, /^Use an object/],
    ['export namespace A { export const b = 1 }', 1, 8, /namespace/, /^Use an object/],
    ['export class A {\n  constructor(private b: string) {}\n}', 2, 23, /parameter properties/, /^Declare a field/],
    ['export const s: string = "abc\nconst b = 1', 1, 26, /^Unterminated string/],
    ["import { a } from 'b'\nconst x = ;", 1, 1, /^modules are not available/, /./],
    ['const x: number = 1\nexport * from "b"', 2, 1, /^modules are not available/, /./],
    ['export = 5', 1, 1, /^modules are not available/, /./],
  ])('%j', expectError)
})

describe('what V8 refuses has a position', () => {
  test.each<Row>([
    ['let a = 1\n  let a = 2', 2, 7, "Identifier 'a' has already been declared"],
    ['const a = 1;\n  /(?<b>.)(?<b>.)/', 2, 3, /Duplicate capture group name/],
    ['const a = /x/gg', 1, 11, /flag/],
    ['const a = 1\nclass A { m() { return this.#x } }', 2, 29, /#x/],
    ['const a = 1\nawait = 1', 2, 7, "Unexpected token '='"],
    ['"use strict"\neval = 1', 2, 1, /eval/],
    ['function f() {\n  "use strict"\n  arguments = 1\n}', 3, 3, /arguments/],
    ['"use strict"; return 010', 1, 22, /Octal|octal|Invalid number/],
    ['f() &&= 1', 1, 1, /Invalid left-hand side/],
    ['[f()] = [1]', 1, 2, /rvalue|assignment|destructuring/],
    ['const a = 1;  f() ||= 1', 1, 15, /Invalid left-hand side/],
    ['{ a: f() &&= 1 }', 1, 6, /Invalid left-hand side/],
    ['new.target', 1, 1, /new\.target/],
    ['super.a', 1, 1, /super/],
    ['4 /* ', 1, 3, /comment/],
    ['const a = `${', 1, 14, 'Unexpected end of input', /\$\{ since line 1/],
    ['switch (1) { case 1: using a = null }', 1, 22, /using|Unexpected/i],
  ])('%j', (code, line, column, message, hint) => {
    expect(prepareSource(code)).toMatchObject({
      ok: false,
      line,
      column,
      message: matching(message),
      ...(hint && { hint: matching(hint) }),
    })
  })
})

describe('an await in a function that is not async', () => {
  const awaits = "Unexpected 'await': it is only valid in async functions and at the top level"
  test.each<Row>([
    ['function load() { await tools.x() }', 1, 19, awaits, /^Make the function load \(line 1\) async/],
    ['const load = () => {\n  const a = await x()\n}', 2, 13, awaits, /function load \(line 1\)/],
    ['const a: number = 1\nfunction load(): void { await x() }', 2, 25, awaits, /function load \(line 2\)/],
    ['const load = (a: number) => await x(a)', 1, 29, awaits, /function load/],
    ['class A {\n  load() { await x() }\n}', 2, 12, awaits, /function load \(line 2\)/],
    ['const api = { load: function () { return await x() } }', 1, 42, awaits, /function load/],
    ['api.load = () => { await x() }', 1, 20, awaits, /function load/],
    ['[1].map((n) => await x(n))', 1, 16, awaits, /function that is passed to map/],
    ['async function f() {\n  [1].forEach((n) => {\n    await x(n)\n  })\n}', 3, 5, awaits, /forEach \(line 2\)/],
    ['function f() { for await (const x of y) {} }', 1, 20, awaits, /function f/],
    ['(function () { await x() })()', 1, 16, awaits, /function of line 1/],
    ['class A {\n  constructor() { await x() }\n}', 2, 19, awaits, /^A constructor can't be async \(line 2\)/],
    [
      'class A { get b() { return await x() } }',
      1,
      28,
      awaits,
      /^A getter can't be async \(line 1\): make b an async method/,
    ],
    ['const a = { set b(c) { await x() } }', 1, 24, awaits, /^A setter can't be async/],
    ['class A { constructor() { [1].map((n) => await n) } }', 1, 42, awaits, /passed to map/],
  ])('is named: %j', expectError)
})

test.each(['let await = 1', 'const await = 1; b', 'class A { static { await x() } }'])(
  'a name or a block for which async is no remedy has no such hint: %s',
  (code) => {
    expect(prepareSource(code)).toMatchObject({ ok: false })
    expect(prepareSource(code)).not.toHaveProperty('hint')
  },
)

describe('brackets that are not balanced', () => {
  test.each<Row>([
    ['for (const x of [1]) {\n', 2, 1, 'Unexpected end of input', /open at the end: \{ since line 1\.$/],
    ['```js\nfoo(\n```', 3, 1, 'Unexpected end of input', /\( since line 2/],
    ['const a: number = 1\nlet b = {', 2, 10, 'Unexpected end of input', /\{ since line 2/],
    [
      'function f() {\n  if (1) {\n  g([1, 2\n',
      4,
      1,
      'Unexpected end of input',
      /\{ since line 1, \{ since line 2, \( since line 3 and 1 more/,
    ],
    ['if (x) {\n foo(1, 2\n}', 3, 1, "Unexpected token '}'", /^Before this \}, close what is open: \( since line 2/],
    ['const a = [1, 2\nconst b = 3', 2, 1, "Unexpected token 'const'", /^Before this statement.*\[ since line 1/],
    ['foo)', 1, 4, "Unexpected token ')'", /^No bracket is open at this \)/],
    ['const a = 1\n}', 2, 1, "Unexpected token '}'", /^No bracket is open/],
    ['const a: number = 1\nf()]', 2, 4, "Unexpected token ']'", /^No bracket is open/],
    ['}\n)(); evil(() => {', 1, 1, "Unexpected token '}'", /^No bracket/],
    ['let a: number = 1\n}\nasync function g() {', 2, 1, "Unexpected token '}'", /./],
  ])('are shown with the line since which they are open: %j', (code, line, column, message, hint) => {
    expect(prepareSource(code)).toMatchObject({
      line,
      column,
      message: matching(message),
      hint: matching(hint!),
    })
  })

  test.each([
    'const a = f(1 2)',
    'let a = { b: 1 c: 2 }',
    '"abc',
    '/[/',
    'const a = `b',
    'a ?? b || c',
    'const [a, b = 1 2] = c',
    'const f = <T>(x: T) => x\nconst a = ;',
    "function f<T>(x: T) { return x }\nf<string>('a' 'b')",
    'class A<T> { b: = 1 }',
    'user@example.com',
  ])('are no hint at another error: %s', (code) => {
    expect(prepareSource(code)).not.toHaveProperty('hint')
  })
})

test.each<[string, number, number]>([
  ['const a = `b', 1, 11],
  ['const a = 1\nreturn a;`', 2, 10],
  ['const a = `b${c} d', 1, 11],
  ['const a = `b` + `c ${`d`}', 1, 17],
  ['const a = `\n\n', 1, 11],
])('a template without an end has the place of its backtick: %j', (code, line, column) => {
  expect(prepareSource(code)).toMatchObject({ message: 'Unterminated template literal', line, column })
})

test.each<[string, number, RegExp]>([
  ['```js\n1\n```\nand\n```js\n2\n```', 5, /2 fenced blocks, which begin at lines 1, 5/],
  ['First:\n```js\n1\n```\n\n~~~\n2', 6, /lines 2, 6/],
  ['```js\nconst a = 1\n```\n```js\nreturn a\n```', 4, /lines 1, 4/],
  ['a\n```\n1\n```\n'.repeat(20), 6, /20 fenced blocks.*lines 2, 6, .* and 10 more/],
])('several fences are refused, with their lines: %j', (code, line, message) => {
  expect(prepareSource(code)).toMatchObject({ ok: false, line, column: 1, message: matching(message) })
})

test.each<[string, number, number]>([
  ['Here it is:\n```js\nconst a = = 1\n```\nDone.', 3, 11],
  ['Here it is.\n\n```ts\nlet a: number\nlet b: = 1\n```', 5, 8],
])('an error in the only fence has its place in the whole text: %j', (code, line, column) => {
  expect(prepareSource(code)).toMatchObject({ line, column, message: "Unexpected token '='" })
})

test.each<[string, number]>([
  ['('.repeat(200_000), 200_000],
  ['['.repeat(100_000) + ']'.repeat(100_000), 100_000],
  [`${'a+'.repeat(100_000)}a`, 1],
  [`let a: 1; ${'{'.repeat(200_000)}`, 200_010],
])('code that is nested too deeply is refused at its deepest bracket (%#)', (code, column) => {
  expect(prepareSource(code)).toEqual({ ok: false, message: 'the code is nested too deeply', line: 1, column })
})
