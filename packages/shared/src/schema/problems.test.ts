import { expect, test } from 'vitest'
import { z } from 'zod'

import { parseWith } from './problems.ts'

const schema = z.strictObject({
  name: z.string(),
  color: z.enum(['red', 'blue']).optional(),
  retry: z
    .union([z.literal(false), z.strictObject({ attempts: z.int().min(1), delayMs: z.int().min(0).optional() })])
    .optional(),
  items: z.array(z.strictObject({ size: z.int() })).optional(),
})

const problemsOf = (value: unknown) => {
  const parsed = parseWith(schema, value)
  return parsed.ok ? [] : parsed.problems
}

test('a valid value has no problems', () => {
  expect(parseWith(schema, { name: 'a' })).toEqual({ ok: true, value: { name: 'a' } })
})

test.each([
  [{}, { kind: 'missing', path: ['name'], message: 'is missing' }],
  [{ name: 5 }, { kind: 'invalid', path: ['name'], message: 'expected string, received number', given: '5' }],
  [
    { name: 'a', retry: { attempts: 0 } },
    { kind: 'invalid', path: ['retry', 'attempts'], given: '0' },
  ],
  [
    { name: 'a', color: 'green' },
    { kind: 'invalid', path: ['color'], message: 'it must be one of red, blue' },
  ],
  [
    { name: 'a', retry: { attempts: 0 } },
    { kind: 'invalid', message: 'the minimum is 1', given: '0' },
  ],
  [
    { name: 'a', retry: {} },
    { kind: 'missing', path: ['retry', 'attempts'] },
  ],
  [
    { name: 'a', items: [{ size: 1 }, {}] },
    { kind: 'missing', path: ['items', 1, 'size'] },
  ],
  ['a', { kind: 'invalid', path: [], message: 'expected object, received string', given: undefined }],
])('the problem of %j has a kind and a path', (value, problem) => {
  expect(problemsOf(value)).toEqual([expect.objectContaining(problem)])
})

test('the problem has the correction that the schema sets in its issue', () => {
  const even = z.string().superRefine((_, context) => {
    context.addIssue({ code: 'custom', message: 'is odd', params: { corrected: 'even' } })
  })
  const parsed = parseWith(z.strictObject({ name: even }), { name: 'odd' })
  expect(parsed).toMatchObject({ problems: [{ path: ['name'], message: 'is odd', corrected: 'even' }] })
})

test('an unknown field has the nearest known name, also inside of lists and unions', () => {
  expect(problemsOf({ name: 'a', nam: 1, retry: { attempts: 1, delay: 1 }, items: [{ size: 1, weight: 2 }] })).toEqual([
    expect.objectContaining({ path: ['retry'], name: 'delay', known: ['attempts', 'delayMs'], nearest: 'delayMs' }),
    expect.objectContaining({ path: ['items', 0], message: 'unknown field "weight"; known are size' }),
    expect.objectContaining({ path: [], message: 'unknown field "nam"; did you mean "name"?' }),
  ])
})

test('all problems of the intended member of a union are reported', () => {
  expect(problemsOf({ name: 'a', retry: { attempts: 0, delayMs: -1 } }).map(({ path }) => path)).toEqual([
    ['retry', 'attempts'],
    ['retry', 'delayMs'],
  ])
})

test('a value that no member of a union accepts has the reasons of all of them', () => {
  expect(problemsOf({ name: 'a', retry: 'no' })).toMatchObject([
    { path: ['retry'], message: 'expected false, or expected object, received string' },
  ])
})

test('the reasons of the members of a union name the type of the value once', () => {
  const problems = parseWith(z.union([z.int(), z.strictObject({})]), 'x')
  expect(problems).toMatchObject({ problems: [{ message: 'expected number, or expected object, received string' }] })
})

test('texts of values are not repeated, and long names are cut', () => {
  const problems = problemsOf({ name: 'a', color: 'a-secret', [`n${'x'.repeat(100)}`]: 'a-secret' })
  expect(JSON.stringify(problems.map(({ message }) => message))).not.toContain('a-secret')
  expect(problems.at(-1)?.message).toMatch(/^unknown field "nx{63}…"; known are name/)
})

test('at most 50 unknown fields of an object are reported', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field${n}`, 1]))
  expect(problemsOf({ name: 'a', ...many })).toHaveLength(50)
})
