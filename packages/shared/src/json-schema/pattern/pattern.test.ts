import fc from 'fast-check'
import { expect, test } from 'vitest'

import { maxSteps } from '../budget.ts'
import { Evaluation } from '../evaluation.ts'
import { Pattern } from './pattern.ts'

const matches = (source: string, text: string): boolean => new Pattern(source).test(text, new Evaluation(false))

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\d',
  '\\w',
  '\\s',
  '\\W',
  '\\p{L}',
  '💚',
  '[a-c💚]',
  '\\n',
  '',
)
const { source } = fc.letrec<{ source: string }>((tie) => {
  const inner = tie('source')
  const wrapped = (...forms: readonly ((text: string) => string)[]) => forms.map((form) => inner.map(form))
  return {
    source: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      atom,
      fc.constantFrom('^', '$', '\\b', '\\B'),
      fc.tuple(inner, inner).map(([one, other]) => one + other),
      fc.tuple(inner, inner).map(([one, other]) => `(?:${one}|${other})`),
      ...wrapped(
        ...['*', '+', '?', '*?', '{2}', '{1,3}', '{2,}', '{0}'].map((times) => (text: string) => `(?:${text})${times}`),
        (text) => `(${text})`,
        (text) => `(?=${text})`,
        (text) => `(?!${text})`,
        (text) => `(?<=${text})`,
        (text) => `(?<!${text})`,
        (text) => `(?i:${text})`,
        (text) => `(?s-i:${text})`,
        (text) => `(?m:${text})`,
      ),
    ),
  }
})
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'A', '1', ' ', '\n', '💚', '\ud83d', 'é', 'ſ'), { maxLength: 6 })
  .map((parts) => parts.join(''))

/**
 * Returns whether the pattern matches between code points, as the specification defines it; V8 also tries the middle of
 * a surrogate pair.
 */
function hasMatch(source: string, text: string): boolean {
  const expression = new RegExp(source, 'uy')
  const begins = Array.from(text).reduce<number[]>((found, each) => [...found, found.at(-1)! + each.length], [0])
  return begins.some((begin) => {
    expression.lastIndex = begin
    return expression.test(text)
  })
}

test('a pattern matches the same texts as the regular expression of JavaScript', { tags: ['TL-2'] }, () => {
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
      const pattern = new Pattern(source)
      for (const each of texts) expect(pattern.test(each, new Evaluation(false))).toBe(hasMatch(source, each))
    }),
    { numRuns: 1_500, seed: 3, endOnFailure: true },
  )
})

test.each(['^[\\w-.]+$', '\\-', 'a{,2}', '[a\\-z]', '\\_', '{}'])(
  '%s, a syntax error with flag u, is parsed without it',
  { tags: ['TL-2'] },
  (source) => {
    for (const each of ['a', '-', 'a-z', 'a{,2}', '_', '', '💚', '{}']) {
      expect(matches(source, each)).toBe(new RegExp(source).test(each))
    }
  },
)

const long = 'a'.repeat(1024 * 1024 - 1)

test.each([
  ['^(a+)+$', false],
  ['^(a|a)*$', false],
  ['^(?:a|aa)+$', false],
  ['(a*)*b', false],
  ['a+$', false],
  ['.*.*=.*', false],
  ['\\s+$|^\\s+|a+a+a+c', false],
  ['^([a-z]+\\.?)+@', false],
  ['^(?=.*[A-Z])(?=.*\\d).{8,}$', false],
  ['^(?!.*\\.\\.)[a-z.]+!?$', true],
  ['^[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+$', false],
])('%s takes time linear in a hostile text of 1 MiB', { tags: ['TL-2'] }, (source, expected) => {
  expect(matches(source, `${long}!`)).toBe(expected)
})

test('a lookahead at each character exceeds the step limit on a long text only', { tags: ['TL-2'] }, () => {
  const evaluation = new Evaluation(false)
  expect(() => new Pattern('(?=.*b)a').test(long, evaluation)).toThrow(`within ${maxSteps} steps`)
  expect(matches('(?=.*b)a', `${'a'.repeat(1_000)}b`)).toBe(true)
})

test('a full cache of state sets changes no result', { tags: ['TL-2'] }, () => {
  const pattern = new Pattern('a.{12}b$')
  const bits = Array.from({ length: 20_000 }, (_, i) => ((i * 7_919) % 13 < 6 ? 'a' : 'c')).join('')
  expect(pattern.test(`${bits}a${'c'.repeat(12)}b`, new Evaluation(false))).toBe(true)
  expect(pattern.test(`${bits}c${'c'.repeat(12)}b`, new Evaluation(false))).toBe(false)
})

test.each([
  ['(', 'is not a valid regular expression'],
  ['^(a)\\1$', 'refers back to a group (\\1)'],
  ['(?<x>a)\\k<x>', 'refers back to a group (\\k<x>)'],
  ['(?:a{1000}){1000}', 'is too large'],
  ['^.{1,1000000}$', 'is too large'],
])('the constructor rejects the pattern %s', { tags: ['TL-2'] }, (source, reason) => {
  expect(() => new Pattern(source)).toThrow(reason)
})
