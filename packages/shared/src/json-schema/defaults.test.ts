import type { Json, JsonObject } from '../json.ts'
import { expect, test } from 'vitest'

import { jsonSchemaParse } from './json-schema.ts'

const one = { properties: { a: { default: 1 } } }
const parse = (schema: object, value: Json) => jsonSchemaParse(schema as JsonObject)(value)

test.each<[string, object, Json, Json]>([
  ['a property', one, {}, { a: 1 }],
  ['a required property', { ...one, required: ['a'] }, {}, { a: 1 }],
  [
    'falsy values',
    { properties: { a: { default: 0 }, b: { default: '' }, c: { default: null } } },
    {},
    { a: 0, b: '', c: null },
  ],
  ['a property of a nested object', { properties: { o: one } }, { o: {} }, { o: { a: 1 } }],
  ['no property of an object that is missing', { properties: { o: one } }, {}, {}],
  ['properties of a default', { properties: { o: { default: {}, ...one } } }, {}, { o: { a: 1 } }],
  [
    'a default that its own defaults complete',
    { properties: { o: { default: {}, ...one, required: ['a'] } } },
    {},
    { o: { a: 1 } },
  ],
  [
    'objects in an array',
    { properties: { list: { items: one } } },
    { list: [{}, { a: 2 }, 3] },
    { list: [{ a: 1 }, { a: 2 }, 3] },
  ],
  ['missing items of a tuple', { prefixItems: [{}, { default: 1 }, { default: 2 }] }, [0], [0, 1, 2]],
  ['no item after one without default', { prefixItems: [{ default: 1 }, {}, { default: 2 }] }, [], [1]],
  ['objects under additionalProperties', { additionalProperties: one }, { k: {} }, { k: { a: 1 } }],
  ['objects under patternProperties', { patternProperties: { '^k': one } }, { k: {}, l: {} }, { k: { a: 1 }, l: {} }],
  ['through $ref', { $ref: '#/$defs/one', $defs: { one } }, {}, { a: 1 }],
  ['through allOf', { allOf: [one, { properties: { b: { default: 2 } } }] }, {}, { a: 1, b: 2 }],
  [
    'beside $ref',
    { properties: { a: { $ref: '#/$defs/n', default: 5 } }, $defs: { n: { type: 'number' } } },
    {},
    { a: 5 },
  ],
  ['a property __proto__', JSON.parse('{"properties":{"__proto__":{"default":1}}}'), {}, JSON.parse('{"__proto__":1}')],
  ['one level of a recursive schema', { properties: { child: { $ref: '#', default: {} } } }, {}, { child: {} }],
])('defaults fill in %s', (_, schema, value, filled) => {
  expect(parse(schema, value)).toEqual({ value: filled })
})

test.each<[string, object, Json]>([
  ['anyOf', { anyOf: [one] }, {}],
  ['oneOf', { oneOf: [one] }, {}],
  ['a reference under oneOf', { oneOf: [{ $ref: '#/$defs/one' }], $defs: { one } }, {}],
  ['if, then and else', { if: one, else: one, ...JSON.parse('{"then":{"properties":{"a":{"default":1}}}}') }, {}],
  ['not', { not: { ...one, required: ['z'] } }, {}],
  ['dependentSchemas', { dependentSchemas: { b: one } }, { b: 1 }],
  ['contains', { contains: one }, [{}]],
])('defaults under %s fill in nothing', (_, schema, value) => {
  expect(parse(schema, value)).toEqual({ value })
})

test('a value that is given stays, also null, and the value of the caller is not changed', () => {
  const value = { o: {}, a: null }
  expect(parse({ properties: { a: { default: 1 }, o: one } }, value)).toEqual({ value: { o: { a: 1 }, a: null } })
  expect(value).toEqual({ o: {}, a: null })
  const twice = jsonSchemaParse({ properties: { list: { default: [] } } })
  const first = (twice({}) as { value: { list: Json[] } }).value
  first.list.push(1)
  expect(twice({})).toEqual({ value: { list: [] } })
})

test('a default that would make the value invalid is left out', () => {
  const text = { type: 'string', default: null }
  expect(parse({ properties: { a: text } }, {})).toEqual({ value: {} })
  expect(parse({ properties: { a: { type: 'integer', default: '10' } } }, {})).toEqual({ value: {} })
  expect(parse({ properties: { a: text }, required: ['a'] }, {})).toMatchObject({ issues: [{ path: [] }] })
  expect(parse({ properties: { a: { default: 1 }, b: { default: 2 } }, maxProperties: 1 }, {})).toEqual({ value: {} })
  expect(parse(one, 5)).toEqual({ value: 5 })
})

test('the issues of a value with defaults name what the caller sent', () => {
  const schema = { properties: { a: { default: 1 }, b: { type: 'string' } }, required: ['a', 'b'] }
  expect(parse(schema, {})).toEqual({ issues: [{ path: [], message: 'is missing the property "b"' }] })
  expect(parse(schema, { b: 1 })).toEqual({ issues: [{ path: ['b'], message: 'expected string, got number' }] })
})

test('defaults that multiply end at the budget of a check, not in the memory of the process', () => {
  const levels = Array.from({ length: 40 }, (_, i) => {
    const next = { default: {}, ...(i < 39 && { $ref: `#/$defs/l${i + 1}` }) }
    return [`l${i}`, { type: 'object', properties: { a: next, b: { ...next } } }] as const
  })
  const schema = { $ref: '#/$defs/l0', $defs: Object.fromEntries(levels) }
  expect(() => parse(schema, {})).not.toThrow()
})
