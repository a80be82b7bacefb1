import { expect, test } from 'vitest'

import { useCodemode } from '../support/suite.ts'

const suite = useCodemode()

test.each([
  ['a last expression', '2 + 2'],
  ['an assignment to result', 'result = 2 + 2'],
  ['a return', 'return 2 + 2'],
  ['a function', 'async () => 2 + 2'],
  ['a function declaration', 'function main() { return 4 }'],
  ['TypeScript', 'const sum = (a: number, b: number): number => a + b\nsum(2, 2)'],
  ['a Markdown fence', '```ts\nconst x: number = 2\nx + x\n```'],
  ['top-level await', 'await Promise.resolve(4)'],
])('the value of %s is the number 4', { tags: ['EX-1'] }, async (_form, code) => {
  expect(await suite.codemode.executeAsync(code)).toBe(4)
})

test('values keep their JSON types', { tags: ['EX-1'] }, async () => {
  expect(await suite.codemode.executeAsync('return undefined')).toBeNull()
  expect(await suite.codemode.executeAsync('return "4"')).toBe('4')
  expect(await suite.codemode.executeAsync('return [true, null, 1.5, { a: [] }]')).toEqual([true, null, 1.5, { a: [] }])
  expect(await suite.codemode.executeAsync('return [NaN, -0, new Date(0)]')).toEqual([
    null,
    0,
    '1970-01-01T00:00:00.000Z',
  ])
})
