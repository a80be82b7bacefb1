import { parse, type Options } from 'acorn'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LinearParser } from './linear-parser.ts'

const options: Options = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
}

/** Returns the verdict of a parser on code: nothing, or the message of its error, which has the place. */
function verdictOf(parser: (code: string, options: Options) => unknown, code: string): string | undefined {
  try {
    parser(code, options)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
const verdicts = (code: string) => [
  verdictOf((text, given) => LinearParser.parse(text, given), code),
  verdictOf(parse, code),
]

const { program } = fc.letrec<{ program: string; statement: string; body: string }>((tie) => ({
  program: fc.array(tie('statement'), { maxLength: 6 }).map((statements) => statements.join(';')),
  body: fc.array(tie('statement'), { maxLength: 4 }).map((statements) => `{${statements.join(';')}}`),
  statement: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(fc.constantFrom('let', 'const', 'var'), fc.constantFrom('a', 'b', 'c'))
      .map(([kind, name]) => `${kind} ${name}=1`),
    fc.constantFrom(
      'class a{}',
      'function a(){}',
      'function b(){}',
      'async function a(){}',
      'var {a,b}={}',
      'let [a,c]=[]',
    ),
    tie('body'),
    tie('body').map((body) => `try{}catch(a)${body}`),
    tie('body').map((body) => `try{}catch({a,b})${body}`),
    tie('body').map((body) => `for(let a of [])${body}`),
    tie('body').map((body) => `for(var b of [])${body}`),
    tie('body').map((body) => `function c(a,b)${body}`),
    tie('body').map((body) => `((a)=>${body})`),
    tie('body').map((body) => `(function a(b=1)${body})`),
    tie('body').map((body) => `class d{static ${body} x=()=>${body}}`),
    tie('body').map((body) => `switch(1){case 1:let b;default:${body}}`),
    tie('body').map((body) => `label:${body}`),
  ),
}))

test('the parser accepts and refuses the same programs as acorn, with the same messages', () => {
  const seen = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(fc.boolean(), program, (isStrict, code) => {
      const [ours, acorns] = verdicts(`${isStrict ? '"use strict";' : ''}${code}`)
      seen[acorns === undefined ? 'accepted' : 'refused'] += 1
      expect(ours).toBe(acorns)
    }),
    { numRuns: 2_000 },
  )
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100)
})

test.each([
  'let a; { var a }',
  '{ let a; { var a } }',
  '{ var a } let a',
  '{ { var a } let a }',
  '{ let a } var a',
  'try {} catch (a) { var a }',
  'try {} catch (a) { { let a; { var a } } }',
  'try {} catch (a) { let b; { var b } }',
  'try {} catch ([a]) { var a }',
  'function f(a) { let a }',
  'function f(a, a) { var a }',
  'let a; function f() { var a }',
  '{ function a() {} var a }',
  'function a() {} var a',
  '{ function a() {} function a() {} }',
  '"use strict"; { function a() {} function a() {} }',
  'class A { static { var a; let a } }',
])('the parser reports the same error as acorn for %s', (code) => {
  const [ours, acorns] = verdicts(code)
  expect(ours).toBe(acorns)
})

test('the parser distinguishes forty thousand names in one scope', () => {
  const names = Array.from({ length: 40_000 }, (_, n) => `n${n}`)
  const code = `let ${names.join(',')};`
  expect(LinearParser.parse(code, options).body).toHaveLength(1)
  expect(verdictOf((text, given) => LinearParser.parse(text, given), `${code}{var n39999}`)).toBe(
    `Identifier 'n39999' has already been declared (1:${code.length + 5})`,
  )
})

test.each(['using a = null', 'await using a = null', 'for (using a of []);', '{ using a = null }'])(
  '%s is allowed at the top of a program, the body of an async function',
  (code) => {
    expect(LinearParser.parse(code, options).body).toHaveLength(1)
  },
)

test.each(['switch (1) { case 1: using a = null }', 'if (1) using a = null', 'using a'])('%s is refused', (code) => {
  expect(verdictOf((text, given) => LinearParser.parse(text, given), code)).toBeDefined()
})
