import type { Json, JsonObject } from '../json.ts'
import { describe, expect, test } from 'vitest'

import { jsonSchemaCheck } from './json-schema.ts'

const shown = (schema: JsonObject, value: Json): string[] =>
  jsonSchemaCheck(schema)(value).map(({ path, message }) => `${['', ...path].join('/')}: ${message}`)

/** Returns a value that `around` has wrapped `depth` times. */
function nested(depth: number, inner: Json, around: (inner: Json) => Json): Json {
  let value = inner
  for (let i = 0; i < depth; i++) value = around(value)
  return value
}

const shape = (kind: string, more: JsonObject): JsonObject => ({
  properties: { kind: { const: kind }, ...more },
  required: ['kind', ...Object.keys(more)],
})

describe('a failed check', () => {
  const shapes = { oneOf: [shape('circle', { r: { type: 'number' } }), shape('square', { a: { type: 'number' } })] }

  test.each<[string, JsonObject, Json, string[]]>([
    ['names the missing properties', { required: ['a', 'b'] }, {}, [': is missing the properties "a", "b"']],
    ['names types', { type: ['string', 'null'] }, [], [': expected string or null, got array']],
    [
      'gives the reasons of the nearest alternative',
      shapes,
      { kind: 'square', a: 'x' },
      ['/a: expected number, got string'],
    ],
    [
      'lists all tags if none matches',
      shapes,
      { kind: 'line' },
      [': matches none of 2 alternatives: .kind expected "circle", or .kind expected "square"'],
    ],
    [
      'lists all types if none matches',
      { anyOf: [{ type: 'string' }, { anyOf: [{ type: 'null' }, { const: 1 }] }] },
      2,
      [': matches none of 2 alternatives: expected string, got number, or expected null, got number, or expected 1'],
    ],
    [
      'gives the reasons within an object that may also be null',
      { anyOf: [{ type: 'null' }, { items: { type: 'string' } }] },
      [1],
      ['/0: expected string, got number'],
    ],
    [
      'names the alternatives when more than one matches',
      { oneOf: [{}, { type: 'null' }, { type: 'number' }] },
      1,
      [': matches more than one of the alternatives: number 1 and number 3'],
    ],
    [
      'has keys and indexes in its path',
      { properties: { '0': { items: false } } },
      { '0': [1] },
      ['/0/0: is not allowed'],
    ],
    [
      'joins the reasons of several keywords',
      { minProperties: 2, required: ['a'], properties: { b: false } },
      { b: 1 },
      [': has 1 properties; the minimum is 2', ': is missing the property "a"', '/b: is not allowed'],
    ],
  ])('%s', { tags: ['TL-2'] }, (_, schema, value, expected) => {
    expect(shown(schema, value)).toEqual(expected)
  })

  test('sees own properties only, whatever their names', { tags: ['TL-2'] }, () => {
    const hostile = JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as Json
    expect(shown({ required: ['__proto__', 'toString', 'valueOf'] }, {})).toHaveLength(1)
    expect(shown({ required: ['__proto__', 'toString'] }, hostile)).toEqual([])
    expect(shown({ properties: { constructor: { type: 'string' } }, additionalProperties: false }, hostile)).toEqual([
      '/__proto__: is not a known property',
      '/constructor: expected string, got number',
      '/toString: is not a known property',
    ])
    const schema = JSON.parse(
      '{"properties":{"__proto__":{"type":"string"}},"unevaluatedProperties":false}',
    ) as JsonObject
    expect(shown(schema, JSON.parse('{"__proto__":1}') as Json)).toEqual(['/__proto__: expected string, got number'])
    expect(shown(JSON.parse('{"const":{"__proto__":1}}') as JsonObject, {})).toHaveLength(1)
  })

  test('compares huge and tiny numbers exactly', { tags: ['TL-2'] }, () => {
    expect(shown({ multipleOf: 0.0001 }, 0.0075)).toEqual([])
    expect(shown({ multipleOf: 0.1 }, 1e308)).toEqual([])
    expect(shown({ multipleOf: 5e-324 }, 1.5e308)).toEqual([])
    expect(shown({ multipleOf: 0.3 }, 1)).toEqual([': 1 is not a multiple of 0.3'])
    expect(shown({ multipleOf: 7 }, 1e300)).toHaveLength(1)
    expect(shown({ multipleOf: 1 }, Infinity)).toHaveLength(1)
    expect(shown({ type: 'integer' }, 1e300)).toEqual([])
    expect(shown({ exclusiveMaximum: 2 ** 53 }, 2 ** 53)).toHaveLength(1)
  })

  test('counts characters by code points', { tags: ['TL-2'] }, () => {
    expect(shown({ maxLength: 2, minLength: 2 }, '💚💚')).toEqual([])
    expect(shown({ maxLength: 1 }, '💚💚')).toHaveLength(1)
    expect(shown({ minLength: 3 }, '💚💚')).toHaveLength(1)
  })
})

test.each<[string, JsonObject, string]>([
  ['refers to itself', { $ref: '#' }, 'refers to its own schema'],
  [
    'refers to itself through others',
    { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { if: { $ref: '#/$defs/a' } } } },
    'refers to its own schema',
  ],
  ['refers to itself dynamically', { $dynamicAnchor: 'x', $dynamicRef: '#x' }, 'refers to its own schema'],
  [
    'refers to a missing schema',
    { properties: { a: { $ref: '#/$defs/nope' } } },
    'the reference "#/$defs/nope" does not lead to a schema (in properties/a)',
  ],
  [
    'refers to another server',
    { items: { $ref: 'https://example.com/x' } },
    'schemas are not fetched; include the schema in $defs (in items)',
  ],
  ['refers to a missing anchor', { $ref: '#nope' }, 'does not name an anchor'],
  ['refers to a broken URI', { $ref: 'http://[' }, 'is not a URI reference'],
  ['has two schemas with one URI', { $defs: { a: { $id: 'http://x/y' }, b: { $id: 'http://x/y' } } }, 'the same URI'],
  [
    'has an unknown type',
    { properties: { a: { type: 'strin' } } },
    'type is "strin"; it must be one of array, boolean',
  ],
  [
    'has an invalid keyword',
    { properties: { a: { required: true } } },
    'required is true; it must be an array of strings (in properties/a)',
  ],
  ['has an invalid subschema', { items: 5 }, 'items is 5; it must be a schema'],
  ['has an invalid count', { minItems: -1 }, 'minItems is -1; it must be an integer that is not negative'],
  ['has an invalid pattern', { patternProperties: { '(': true } }, 'the pattern "(" is not a valid regular expression'],
  ['is nested too deeply', nested(50_000, {}, (not) => ({ not })) as JsonObject, 'it is nested too deeply'],
])('jsonSchemaCheck rejects a schema that %s, with the reason', { tags: ['TL-1'] }, (_, schema, reason) => {
  expect(() => jsonSchemaCheck(schema)).toThrow(reason)
})
