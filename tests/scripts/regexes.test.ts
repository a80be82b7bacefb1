import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { allowedRegexes } from '../../scripts/regexes/allowed.ts'
import { findRegexes } from '../../scripts/regexes/find-regexes.ts'
import { regexProblems } from '../../scripts/regexes/regex-problems.ts'

const problemsOf = (source: string, allowed: Parameters<typeof regexProblems>[1] = []): string[] =>
  regexProblems(findRegexes('packages/a/src/a.ts', source), allowed)

test.each([
  ['an exponential literal', 'export const a = (text: string): boolean => /^(a+)+$/.test(text)', 'exponential'],
  ['a polynomial literal', 'const a = 1\n\nexport const b = (text: string) => text.replace(/\\/+$/, "")', 'polynomial'],
  [
    'a literal after a division',
    'const half = (n: number) => n / 2\nexport const a = half(4) / /\\s+$/.lastIndex',
    'polynomial',
  ],
  ['a literal inside a template', 'export const a = (t: string) => `/* ${/\\n\\s+at /.test(t)} */`', 'polynomial'],
  ['a constructor with a constant', 'export const a = new RegExp("(a|a)*b")', 'exponential'],
  ['a call without new', 'export const a = RegExp(`^(a*)*$`, "i")', 'exponential'],
  ['a text as the pattern of a method', 'export const a = (text: string) => text.search("\\\\s+$")', 'polynomial'],
])('the gate refuses %s, with its line and an input', (_title, source, complexity) => {
  const [problem, ...more] = problemsOf(source)
  expect(more).toEqual([])
  const line = source.split('\n').length
  expect(problem).toMatch(
    new RegExp(`^packages/a/src/a\\.ts:${line}: .* takes .*${complexity}.* time, for example with '`),
  )
})

test.each([
  'export const a = (name: string) => new RegExp(`^${name}$`)',
  'export const a = (name: string) => new RegExp(name, "g")',
  'export const a = (flags: string) => new RegExp("a", flags)',
  'export const a = (text: string, pattern: string) => text.match(pattern)',
  'export const a = (make: { RegExp: typeof RegExp }, text: string) => new make.RegExp(text)',
])('the gate refuses a pattern that is made at run time: %s', (source) => {
  expect(problemsOf(source)).toEqual([expect.stringContaining('is made at run time')])
})

test('the gate refuses a pattern that the analyser does not support', () => {
  expect(problemsOf('export const a = /[a--b]/v')).toEqual([expect.stringContaining("can't be analysed")])
})

test('the gate accepts linear expressions, and texts and comments that look like expressions', () => {
  const source = [
    '// /(a+)+$/',
    'export const a = "/(a+)+$/"',
    'export const b = (text: string) => /^[a-z]{16,512}$/.test(text) || text.match(/a+/)',
    'export const c = 4 / 2 / 1',
  ]
  expect(problemsOf(source.join('\n'))).toEqual([])
})

test('an exception applies to its file and text, and an unused one is refused', () => {
  const text = 'new RegExp(name)'
  const source = `export const a = (name: string) => ${text}`
  const exception = { path: 'packages/a/src/a.ts', text, reason: 'a test' }
  expect(problemsOf(source, [exception])).toEqual([])
  expect(problemsOf(source, [{ ...exception, path: 'packages/a/src/b.ts' }])).toHaveLength(2)
  expect(problemsOf('export const a = 1', [exception])).toEqual([expect.stringContaining('is not needed')])
})

test('every exception has a reason and matches an existing place', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const sources = globSync('packages/*/src/**/*.ts', { cwd: root })
  for (const { path, text, reason } of allowedRegexes) {
    expect(sources).toContain(path)
    expect(readFileSync(`${root}/${path}`, 'utf8')).toContain(text)
    expect(reason.length).toBeGreaterThan(20)
  }
})
