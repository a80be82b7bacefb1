import { expect, test } from 'vitest'
import { z } from 'zod'

import { namesAt } from './fields.ts'

const inner = z.strictObject({ a: z.string(), b: z.string() })
const schema = z.strictObject({
  optional: inner.optional(),
  withDefault: inner.nullable().default(null),
  piped: inner.transform(({ a }) => a),
  list: z.array(inner).readonly(),
  record: z.record(z.string(), inner),
  union: z.union([z.literal(false), inner, z.object({ b: z.string(), c: z.string() })]),
  text: z.string(),
})

test('the names at the top are those of the schema itself', () => {
  expect(namesAt(schema, [])).toEqual(Object.keys(schema.shape))
})

test.each([
  [['optional'], ['a', 'b']],
  [['withDefault'], ['a', 'b']],
  [['piped'], ['a', 'b']],
  [
    ['list', 0],
    ['a', 'b'],
  ],
  [
    ['record', 'any'],
    ['a', 'b'],
  ],
  [['union'], ['a', 'b', 'c']],
  [['text'], []],
  [['unknown'], []],
])('the names at %j are %j', (path, names) => {
  expect(namesAt(schema, path)).toEqual(names)
})
