import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { prepareSource, loadParser } from './prepare-source.ts'

const AsyncFunction = (async () => {}).constructor as FunctionConstructor

/** Compiles the body as the guest does, and runs it. */
async function valueOf(code: string): Promise<unknown> {
  const prepared = prepareSource(code)
  if (!prepared.ok) throw new Error(`${prepared.message} at ${prepared.line}:${prepared.column}`)
  return (await new AsyncFunction('input', prepared.body)({ n: 20 })) as unknown
}

test('loadParser has nothing left to do at its second call', () => {
  loadParser()
  expect(loadParser()).toBe(false)
})

describe('the value of code', () => {
  test.each<[string, string, unknown]>([
    ['an explicit return', 'return 4', 4],
    ['an early return', 'if (input.n > 3) return 1\n5', 1],
    ['no value rule applies beside a return', 'if (input.n < 3) return 1\n5', undefined],
    ['an assignment to result', 'result = 2 + 2', 4],
    ['result, not the last expression', 'result = 4\n;[1].map((x) => x)', 4],
    ['result assigned in a function', '[1, 2].forEach((x) => { result = x })\n9', 2],
    ['result in a destructuring assignment', '({ result } = { result: 4 }); 9', 4],
    ['result in an array pattern with a default', '[[result = 4] = []] = []; 9', 4],
    ['result as the variable of a loop', 'for (result of [1, 2]);', 2],
    ['result in strict mode', '"use strict"; result = 4; 9', 4],
    ['result after a trailing comment', 'result = 4 // why', 4],
    ['an early return beside result', 'if (input.n < 3) return null\nresult = 4', 4],
    ['a declared result at the end', 'const result = 4', 4],
    ['a declared result in a pattern', 'const { a: result } = { a: 4 }', 4],
    ['a declared result that is assigned', 'let result\nfor (const x of [1, 4]) { result = x }', 4],
    ['the last expression before a declared result', 'const result = 4; result * 2', 8],
    ['an inner result is not the value', 'function f() { let result; result = 1; return 2 }\nf()', 2],
    ['a parameter named result is not the value', 'const f = (result) => { result = 1; return 3 }; f()', 3],
    ['a caught result is not the value', 'try { throw 1 } catch (result) { result = 2 } 3', 3],
    ['a function named result is not the value', 'function result() {}\nvar a = 1', undefined],
    ['a function in a block named result is declared', '{ function result() {} }\nresult = 3', 3],
    ['a property named result is not a variable', 'const a = {}; a.result = 1; 7', 7],
    ['an expression', '2 + 2', 4],
    ['an awaited expression', 'await Promise.resolve(4)', 4],
    ['a sequence expression', '1, 4', 4],
    ['an expression in parentheses and a comment', '(\n4 // four\n) // end', 4],
    ['an expression before a comment', 'const a = 4\na // the value', 4],
    ['an expression and a semicolon on the next line', '4 // four\n;', 4],
    ['an expression before empty statements', '4;;', 4],
    ['an expression before functions', 'main()\nasync function main() { return 4 }', 4],
    ['an expression after a block on its line', 'if (input.n) {} 4', 4],
    ['a directive', '"use strict"', 'use strict'],
    ['a regular expression that ends like a statement', '/;/.source', ';'],
    ['an object that starts like a block', '{ a: 1 }', { a: 1 }],
    ['an object that is not a block', '{ a: 1, b: [2] };', { a: 1, b: [2] }],
    ['an object before a comment', '\n{ a: 1 } // done', { a: 1 }],
    ['an empty object', '{}', {}],
    ['an arrow function', 'async () => 4', 4],
    ['an arrow function in parentheses', '(() => 4);', 4],
    ['a function expression', '(async function () { return 4 })', 4],
    ['a function declaration', 'async function main() { return 4 }', 4],
    ['a function beside other statements is not called', 'function f() { return 1 }\nconst a = 1', undefined],
    ['a called function', '(async () => 4)()', 4],
    ['a declaration', 'const a = 4', undefined],
    ['nothing', '', undefined],
    ['a comment', '// nothing', undefined],
    ['a comment of many lines', '/* a\n b */', undefined],
    ['a hashbang', '#!/usr/bin/env node\n4', 4],
    ['an HTML-like comment', '4 <!-- comment\n--> comment', 4],
    ['a line separator in a string', '"\u2028".length', 1],
    ['a null byte in a string', '"\0".length', 1],
    ['code with carriage returns', 'const a = 4\r\na\r\n', 4],
    ['TypeScript', 'const a: number = 4\ninterface B { c: string }\na as unknown', 4],
    ['TypeScript with a return', 'const f = <T,>(x: T): T => x\nreturn f<number>(4)', 4],
    ['TypeScript with a result', 'result = 4 as number', 4],
    ['TypeScript that imports types only', `import type { A } from 'a'\nexport type B = A\n4`, 4],
    ['a typed function', 'async (): Promise<number> => 4', 4],
    ['sloppy code', 'var a = 010; with ({ b: 1 }) { a += b }\na', 9],
    ['fenced code', '```js\nreturn 4\n```', 4],
    ['fenced TypeScript', '\n~~~typescript title="x"\nlet x: number = 4\nx\n~~~\n', 4],
  ])('%s', async (_title, code, value) => {
    expect(await valueOf(code)).toEqual(value)
  })
})

describe('errors', () => {
  test.each<[string, string, number, number, RegExp]>([
    ['a syntax error', 'const a = 1\nconst b = = 2', 2, 11, /Unexpected token/],
    ['a syntax error in fenced code', '```js\nconst b = = 2\n```', 2, 11, /Unexpected token/],
    ['a syntax error in TypeScript', 'const a: number = 1\nlet b: = 2', 2, 8, /Unexpected token/],
    ['code that closes the function', '}\n)(); evil(() => {', 2, 1, /./],
    ['code that closes the function, in TypeScript', 'let a: number = 1\n}\nasync function g() {', 2, 1, /./],
    ['an unclosed comment', '4 /* ', 1, 3, /comment/],
    ['an unclosed template', 'const a = `${', 1, 14, /./],
    ['an import', `const a = 1\n  import fs from 'fs'`, 2, 3, /modules are not available in the sandbox.*call a tool/],
    ['an export', 'export default 4', 1, 1, /modules are not available/],
    ['a dynamic import', `const fs = await import('fs')`, 1, 18, /modules are not available/],
    ['a dynamic import in an object', `{ a: await import('fs') }`, 1, 12, /modules are not available/],
    ['import.meta', 'const a = 1; import.meta.url', 1, 14, /modules are not available/],
    ['an import in TypeScript', `import fs from 'fs'\nconst a: number = 1`, 1, 1, /modules are not available/],
    [
      'an import and a return in TypeScript',
      `import fs from 'fs'\nreturn 1 as number`,
      1,
      1,
      /modules are not available/,
    ],
    ['an enum', 'let a: number\nenum Color { Red }', 2, 1, /enum is not supported: use an object/],
    ['a namespace', 'namespace A { export const b = 1 }', 1, 1, /namespace is not supported: use an object/],
    ['a parameter property', 'class A {\n  constructor(private b: string) {}\n}', 2, 23, /declare a field/],
    ['an assertion in angle brackets', 'const a = <string>b', 1, 11, /as T/],
    ['a null byte', 'const a\0= 1', 1, 8, /./],
    ['super', 'super.a', 1, 1, /super/],
  ])('%s', (_title, code, line, column, message) => {
    expect(prepareSource(code)).toEqual({ ok: false, line, column, message: expect.stringMatching(message) })
  })

  test.each([
    '('.repeat(200_000),
    '['.repeat(100_000) + ']'.repeat(100_000),
    `${'a+'.repeat(100_000)}a`,
    `let a: 1; ${'{'.repeat(200_000)}`,
  ])('code that is nested too deeply (%#)', (code) => {
    expect(prepareSource(code)).toEqual({ ok: false, message: 'the code is nested too deeply' })
  })
})

describe('assignments to result in very many blocks', () => {
  const blocks = '{result=1}'.repeat(20_000)

  test('are not the value where an outer block declares it', () => {
    expect(prepareSource(`{let result;${'{'.repeat(300)}${blocks}${'}'.repeat(300)}}`)).toMatchObject({ shift: null })
    expect(prepareSource(`{let result;${blocks}}`)).toMatchObject({ body: `{let result;${blocks}}` })
  })

  test('are the value where no block declares it', () => {
    expect(prepareSource(blocks)).toMatchObject({ body: `${blocks}\n;var result;return result` })
    expect(prepareSource(`{let result;${blocks}}result=2`)).toMatchObject({
      body: `{let result;${blocks}}result=2\n;var result;return result`,
    })
  })
})

describe('the prepared body', () => {
  test('has one insertion that moves columns, and reports it', () => {
    expect(prepareSource('const a = 1;  a + 1 // c')).toEqual({
      ok: true,
      body: 'const a = 1;  return (a + 1) // c',
      shift: { line: 1, column: 15, width: 8 },
    })
    expect(prepareSource('```\nx\n```')).toMatchObject({ shift: { line: 2, column: 1, width: 8 } })
    expect(prepareSource('result = 1')).toMatchObject({ shift: null })
  })

  test('contains no comment that renames the source', () => {
    expect(prepareSource('return 1\n//# sourceURL=x\n//@ sourceMappingURL=y')).toMatchObject({
      body: 'return 1\n//  sourceURL=x\n//  sourceMappingURL=y',
    })
  })

  test('keeps its columns in code full of comments that would rename the source', () => {
    const code = 'a\n//# sourceURL=x\n'.repeat(14_000)
    expect(prepareSource(`${code}return 1`)).toMatchObject({ body: `${'a\n//  sourceURL=x\n'.repeat(14_000)}return 1` })
  })

  test('keeps a comment that begins like one of HTML', () => {
    expect(prepareSource('<!--# sourceURL=x\nreturn 1')).toMatchObject({
      ok: true,
      body: '<!--# sourceURL=x\nreturn 1',
    })
  })

  test('keeps the position of every token, fenced or not, with types or without', () => {
    const statement = fc.constantFrom(
      'const a: number = MARK',
      '  f<string>(MARK, 1)',
      'interface A { b: string }',
      'type É = "ü"; MARK',
      'if (a) { MARK }',
      '// ```',
      '',
      'const a = `\n~~~\n` + MARK',
    )
    const fence = fc.constantFrom(['', ''], ['```ts\n', '\n```'], ['\n  ~~~~\n', '\r\n  ~~~~~ \n'])
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 8 }), fence, (statements, [open, close]) => {
        const code = `${open}${statements.map((each, n) => each.replaceAll('MARK', `mark${n}`).replace(' a', ` a${n}`)).join('\n')}${close}`
        const prepared = prepareSource(code)
        expect(prepared).toMatchObject({ ok: true })
        if (!prepared.ok) return
        const found = marksIn(prepared.body).map(([mark, line, column]) => {
          const { shift } = prepared
          const isShifted = shift !== null && shift.line === line && column >= shift.column
          return [mark, line, isShifted ? column - shift.width : column]
        })
        expect(found).toEqual(marksIn(code))
      }),
    )
  })
})

function marksIn(code: string): [string, number, number][] {
  return code
    .split('\n')
    .flatMap((text, line) =>
      [...text.matchAll(/mark\d/g)].map((match): [string, number, number] => [match[0], line + 1, match.index + 1]),
    )
}
