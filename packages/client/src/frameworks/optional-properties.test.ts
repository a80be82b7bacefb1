import { expect, test } from 'vitest'

import { acceptsNull, hasDefault, withOptional } from './optional-properties.ts'

test('properties with a default are no longer required, at every depth, and data stays as it is', () => {
  const data = { properties: { a: { default: 1 } }, required: ['a'] }
  const object = { type: 'object', properties: { a: { default: 1 }, b: {} }, required: ['a', 'b'] }
  const relaxed = { ...object, required: ['b'] }
  const schema = { ...object, $defs: { object }, items: [object], enum: [data], const: data, default: data }
  expect(withOptional(schema, hasDefault)).toEqual({
    ...relaxed,
    $defs: { object: relaxed },
    items: [relaxed],
    enum: [data],
    const: data,
    default: data,
  })
})

test('a property that is named like a keyword is a schema', () => {
  const inner = { type: 'object', properties: { a: { default: 1 } }, required: ['a'] }
  const schema = { type: 'object', properties: { default: inner, required: inner } }
  const relaxed = { ...inner, required: [] }
  expect(withOptional(schema, hasDefault)).toEqual({
    type: 'object',
    properties: { default: relaxed, required: relaxed },
  })
})

test.each([
  [{ type: 'null' }, true],
  [{ type: ['string', 'null'] }, true],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, true],
  [{ type: 'string' }, false],
  [{ anyOf: [{ type: 'string' }] }, false],
])('whether %j accepts null is %j', (schema, accepts) => {
  expect(acceptsNull(schema)).toBe(accepts)
})
