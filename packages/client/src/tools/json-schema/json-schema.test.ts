import type { Json, JsonObject } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { jsonSchemaCheck } from './json-schema.ts'
import { maxDepth, maxSteps } from './run.ts'

const shown = (schema: JsonObject, value: Json): string[] =>
  jsonSchemaCheck(schema)(value).map(({ path, message }) => `${['', ...path].join('/')}: ${message}`)

/** A value within others, each in the property `a`. */
function nested(depth: number, inner: Json, around: (inner: Json) => Json): Json {
  let value = inner
  for (let i = 0; i < depth; i++) value = around(value)
  return value
}

const twice = (keyword: string): JsonObject => {
  const levels = Array.from({ length: 60 }, (_, i) => {
    const next = () => ({ $ref: `#/$defs/${i + 1}` })
    return [`${i}`, i === 59 ? { type: 'string' } : { [keyword]: [next(), next()] }]
  })
  return { $ref: '#/$defs/0', $defs: Object.fromEntries(levels) as JsonObject }
}

const node = { $ref: '#/$defs/n' }
const branches = [
  { type: 'object', properties: { op: { const: 'or' }, args: { items: node }, a: node }, required: ['op', 'z'] },
  {
    type: 'object',
    properties: { op: { enum: ['and', 'not'] }, args: { items: node, maxItems: 9 }, a: node },
    required: ['op'],
  },
  { type: 'object', properties: { op: { type: 'string' }, args: { items: node }, a: node }, required: ['op', 'y'] },
  { type: 'number' },
]
const recursive = (n: JsonObject): JsonObject => ({ ...node, $defs: { n } })

describe('a recursive schema', () => {
  test.each<[string, JsonObject]>([
    ['oneOf', { oneOf: branches }],
    ['anyOf', { anyOf: branches }],
    ['allOf', { allOf: [{ anyOf: branches }, { anyOf: branches }] }],
    ['not', { not: { not: { anyOf: branches } } }],
    ['if', { if: { anyOf: branches.slice(0, 1) }, else: { anyOf: branches } }],
    ['unevaluatedProperties', { anyOf: branches, unevaluatedProperties: false }],
    ['dependentSchemas', { dependentSchemas: { op: { anyOf: branches }, args: { anyOf: branches } } }],
    ['mutual recursion', { $ref: '#/$defs/n/$defs/m', $defs: { m: { oneOf: branches } } }],
  ])('TL-2: with %s meets each value once, however deep', (_, schema) => {
    const check = jsonSchemaCheck(recursive(schema))
    for (const depth of [16, 20, 40, 80]) {
      expect(check(nested(depth, 1, (inner) => ({ op: 'and', args: [inner] })))).toEqual([])
      expect(check(nested(depth, 1, (inner) => ({ op: 'and', a: inner })))).toEqual([])
      const wrong = check(nested(depth, { op: 7 }, (inner) => ({ op: 'and', args: [inner] })))
      expect(wrong.map(({ message }) => message).join()).not.toContain('given up')
      expect(wrong.length).toBeGreaterThan(0)
    }
  })

  test('TL-2: by dynamic references meets each value once as well', () => {
    const self = { $dynamicRef: '#n' }
    const schema = {
      $id: 'https://example.com/strict',
      $dynamicAnchor: 'n',
      $ref: 'tree',
      $defs: {
        tree: {
          $id: 'tree',
          $dynamicAnchor: 'n',
          anyOf: [
            { properties: { a: self }, required: ['z'] },
            { properties: { a: self } },
            { properties: { a: self } },
          ],
        },
      },
      unevaluatedProperties: false,
    }
    expect(
      shown(
        schema,
        nested(60, {}, (a) => ({ a })),
      ),
    ).toEqual([])
    expect(
      shown(
        schema,
        nested(3, { b: 1 }, (a) => ({ a })),
      ),
    ).toEqual(['/a/a/a/b: is not a known property'])
  })

  test('TL-2: that meets a value again and again in place ends as soon', () => {
    for (const keyword of ['allOf', 'anyOf']) {
      expect(shown(twice(keyword), 'x')).toEqual([])
      expect(shown(twice(keyword), 1)).toHaveLength(1)
      expect(shown({ ...twice(keyword), unevaluatedProperties: false }, { a: 1 })).toHaveLength(1)
    }
  })
})

const wide = (of: Json): Json => Array.from({ length: 100_000 }, () => structuredClone(of))
const properties = (of: Json): Json => Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, of]))

describe('a wide value', () => {
  test.each<[string, JsonObject, Json, number]>([
    ['items', { items: { type: 'string' } }, wide(1), 100],
    ['items within oneOf', { oneOf: [{ items: { type: 'string' } }, { items: { type: 'null' } }] }, wide(1), 100],
    [
      'items with anyOf',
      { items: { anyOf: [{ type: 'string' }, { required: ['a'], type: 'object' }] } },
      wide({}),
      100,
    ],
    [
      'prefixItems',
      { prefixItems: Array.from({ length: 5_000 }, () => ({ type: 'string' })), items: false },
      wide(1),
      100,
    ],
    ['contains', { contains: { type: 'string' } }, wide(1), 1],
    ['maxContains', { contains: { type: 'number' }, maxContains: 5 }, wide(1), 1],
    ['uniqueItems of equal items', { uniqueItems: true }, wide({ a: [1, { b: null }] }), 1],
    ['unevaluatedItems', { contains: { type: 'string' }, minContains: 0, unevaluatedItems: false }, wide(1), 100],
    ['additionalProperties', { additionalProperties: false }, properties(1), 100],
    ['patternProperties', { patternProperties: { '^(k\\d*)+$': { type: 'string' }, 9: true } }, properties(1), 100],
    ['propertyNames', { propertyNames: { pattern: '^(x+)+$', maxLength: 3 } }, properties(1), 100],
    [
      'unevaluatedProperties',
      { allOf: [{ properties: { k1: true } }], unevaluatedProperties: false },
      properties(1),
      100,
    ],
    ['dependentRequired', { dependentRequired: { k1: ['x'], k2: ['y'] } }, properties(1), 2],
  ])('TL-2: that %s refuses has at most 100 reasons', (_, schema, value, count) => {
    const issues = jsonSchemaCheck(schema)(value)
    expect(issues).toHaveLength(count)
    expect(issues.filter(({ message }) => /given up|deeply/.test(message))).toEqual([])
  })

  test('TL-2: of different items is found to be unique', () => {
    const items = Array.from({ length: 30_000 }, (_, i) => [
      i,
      `${i}`,
      { a: i },
      [`${i}`],
      { a: `${i}` },
    ]).flat() as Json[]
    const check = jsonSchemaCheck({ uniqueItems: true })
    expect(check(items)).toEqual([])
    expect(check([...items, { a: '29999' }])).toEqual([{ path: [150_000], message: expect.stringContaining('149999') }])
    expect(check([0, -0])).toHaveLength(1)
    expect(
      check([
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ]),
    ).toHaveLength(1)
    expect(check([1, '1', true, 'true', null, 'null', [], {}, [[]], [{}], '', '[', '{'])).toEqual([])
  })

  test('TL-2: of the largest size that a call may have stays within the budget of ordinary schemas', () => {
    const numbers = Array.from({ length: 524_287 }, () => 1)
    const json = {
      anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { items: node }, { additionalProperties: node }],
    }
    expect(shown({ type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 } }, numbers)).toEqual([])
    expect(shown({ items: { oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] } }, numbers)).toEqual(
      [],
    )
    expect(
      shown(
        recursive(json),
        Array.from({ length: 349_525 }, () => []),
      ),
    ).toEqual([])
  })
})

describe('a deep value', () => {
  const deep = nested(10_000, 1, (inner) => [inner])

  test.each<[string, JsonObject]>([
    ['items', { items: { $ref: '#' } }],
    ['additionalProperties', { items: { $ref: '#' }, additionalProperties: { $ref: '#' } }],
    ['uniqueItems', { uniqueItems: true }],
    ['oneOf', recursive({ oneOf: [{ items: node }, { type: 'null' }] })],
    ['unevaluatedItems', { unevaluatedItems: { $ref: '#' } }],
  ])('TL-2: is refused by %s with a message that says so', (_, schema) => {
    const message = expect.stringContaining(`nested too deeply to be checked: more than ${maxDepth}`) as string
    expect(jsonSchemaCheck(schema)([deep, deep])).toEqual([{ path: [], message }])
  })

  test('TL-2: is accepted where the schema does not look into it', () => {
    expect(shown({ maxItems: 1 }, deep)).toEqual([])
    expect(shown({ const: [[1]] }, deep)).toEqual([': expected [[1]]'])
    expect(shown({ enum: [[[[1]]]] }, deep)).toHaveLength(1)
  })
})

test('TL-2: a check that spends its budget says so, and what to do', () => {
  const required = Array.from({ length: 1_000 }, (_, i) => `p${i}`)
  const schema = { items: { anyOf: [{ required }, { required: [...required, 'x'] }, { type: 'object' }] } }
  expect(
    shown(
      schema,
      Array.from({ length: 50_000 }, () => ({})),
    ),
  ).toEqual([`: was not checked to its end: the check was given up after ${maxSteps} steps. Send a smaller value`])
})

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
      'tells the reasons of the nearest alternative',
      shapes,
      { kind: 'square', a: 'x' },
      ['/a: expected number, got string'],
    ],
    [
      'tells all tags if none fits',
      shapes,
      { kind: 'line' },
      [': matches none of 2 alternatives: .kind expected "circle", or .kind expected "square"'],
    ],
    [
      'tells all types if none fits',
      { anyOf: [{ type: 'string' }, { anyOf: [{ type: 'null' }, { const: 1 }] }] },
      2,
      [': matches none of 2 alternatives: expected string, got number, or expected null, got number, or expected 1'],
    ],
    [
      'looks into the object that may also be null',
      { anyOf: [{ type: 'null' }, { items: { type: 'string' } }] },
      [1],
      ['/0: expected string, got number'],
    ],
    [
      'names the alternatives of which more than one match',
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
      'joins what several keywords say',
      { minProperties: 2, required: ['a'], properties: { b: false } },
      { b: 1 },
      [': has 1 properties; the minimum is 2', ': is missing the property "a"', '/b: is not allowed'],
    ],
  ])('TL-2: %s', (_, schema, value, expected) => {
    expect(shown(schema, value)).toEqual(expected)
  })

  test('TL-2: sees own properties only, whatever their names', () => {
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

  test('TL-2: is exact for huge and tiny numbers', () => {
    expect(shown({ multipleOf: 0.0001 }, 0.0075)).toEqual([])
    expect(shown({ multipleOf: 0.1 }, 1e308)).toEqual([])
    expect(shown({ multipleOf: 5e-324 }, 1.5e308)).toEqual([])
    expect(shown({ multipleOf: 0.3 }, 1)).toEqual([': 1 is not a multiple of 0.3'])
    expect(shown({ multipleOf: 7 }, 1e300)).toHaveLength(1)
    expect(shown({ multipleOf: 1 }, Infinity)).toHaveLength(1)
    expect(shown({ type: 'integer' }, 1e300)).toEqual([])
    expect(shown({ exclusiveMaximum: 2 ** 53 }, 2 ** 53)).toHaveLength(1)
  })

  test('TL-2: counts characters by code points', () => {
    expect(shown({ maxLength: 2, minLength: 2 }, '💚💚')).toEqual([])
    expect(shown({ maxLength: 1 }, '💚💚')).toHaveLength(1)
    expect(shown({ minLength: 3 }, '💚💚')).toHaveLength(1)
  })
})

test.each<[string, JsonObject, string]>([
  ['refers to itself', { $ref: '#' }, 'leads back to its own schema'],
  [
    'refers to itself by others',
    { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { if: { $ref: '#/$defs/a' } } } },
    'leads back',
  ],
  ['refers to itself dynamically', { $dynamicAnchor: 'x', $dynamicRef: '#x' }, 'leads back'],
  [
    'refers to nothing',
    { properties: { a: { $ref: '#/$defs/nope' } } },
    'the reference "#/$defs/nope" leads to no schema (in properties/a)',
  ],
  [
    'refers to another server',
    { items: { $ref: 'https://example.com/x' } },
    'nothing is fetched, include it in $defs (in items)',
  ],
  ['refers to no anchor', { $ref: '#nope' }, 'names no anchor'],
  ['refers to a broken URI', { $ref: 'http://[' }, 'is no URI reference'],
  ['has two schemas of one URI', { $defs: { a: { $id: 'http://x/y' }, b: { $id: 'http://x/y' } } }, 'the same URI'],
  [
    'has an unknown type',
    { properties: { a: { type: 'strin' } } },
    'type is "strin"; it has to be one of array, boolean',
  ],
  [
    'has a wrong keyword',
    { properties: { a: { required: true } } },
    'required is true; it has to be an array of strings (in properties/a)',
  ],
  ['has a wrong subschema', { items: 5 }, 'items is 5; it has to be a schema'],
  ['has a wrong count', { minItems: -1 }, 'minItems is -1; it has to be an integer that is not negative'],
  ['has a wrong pattern', { patternProperties: { '(': true } }, 'the pattern "(" is no regular expression'],
  ['is nested too deeply', nested(50_000, {}, (not) => ({ not })) as JsonObject, 'it is nested too deeply'],
])('TL-1: a schema that %s is refused with the reason', (_, schema, reason) => {
  expect(() => jsonSchemaCheck(schema)).toThrow(reason)
})
