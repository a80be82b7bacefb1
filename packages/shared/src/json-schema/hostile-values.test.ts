import type { Json, JsonObject } from '../json.ts'
import { describe, expect, test } from 'vitest'

import { jsonSchemaCheck } from './json-schema.ts'
import { maxDepth, maxSteps } from './budget.ts'

const shown = (schema: JsonObject, value: Json): string[] =>
  jsonSchemaCheck(schema)(value).map(({ path, message }) => `${['', ...path].join('/')}: ${message}`)

/** Returns a value that `around` has wrapped `depth` times. */
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
  ])('with %s checks each value once, however deep it is', { tags: ['TL-2'] }, (_, schema) => {
    const check = jsonSchemaCheck(recursive(schema))
    for (const depth of [16, 20, 40, 80]) {
      expect(check(nested(depth, 1, (inner) => ({ op: 'and', args: [inner] })))).toEqual([])
      expect(check(nested(depth, 1, (inner) => ({ op: 'and', a: inner })))).toEqual([])
      const wrong = check(nested(depth, { op: 7 }, (inner) => ({ op: 'and', args: [inner] })))
      expect(wrong.map(({ message }) => message).join()).not.toContain('given up')
      expect(wrong.length).toBeGreaterThan(0)
    }
  })

  test('with dynamic references checks each value once', { tags: ['TL-2'] }, () => {
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

  test('that checks a value repeatedly in place finishes as fast', { tags: ['TL-2'] }, () => {
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
  ])('that %s rejects has at most 100 issues', { tags: ['TL-2'] }, (_, schema, value, count) => {
    const issues = jsonSchemaCheck(schema)(value)
    expect(issues).toHaveLength(count)
    expect(issues.filter(({ message }) => /given up|deeply/.test(message))).toEqual([])
  })

  test('of different items passes uniqueItems', { tags: ['TL-2'] }, () => {
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

  test(
    'of the largest input size that a call may have stays within the budget of ordinary schemas',
    { tags: ['TL-2'] },
    () => {
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
    },
  )
})

describe('a deep value', () => {
  const deep = nested(10_000, 1, (inner) => [inner])

  test.each<[string, JsonObject]>([
    ['items', { items: { $ref: '#' } }],
    ['additionalProperties', { items: { $ref: '#' }, additionalProperties: { $ref: '#' } }],
    ['uniqueItems', { uniqueItems: true }],
    ['oneOf', recursive({ oneOf: [{ items: node }, { type: 'null' }] })],
    ['unevaluatedItems', { unevaluatedItems: { $ref: '#' } }],
  ])('is refused by %s with a message that names its depth', { tags: ['TL-2'] }, (_, schema) => {
    const message = expect.stringContaining(`nested too deeply to be checked: the limit is ${maxDepth}`) as string
    expect(jsonSchemaCheck(schema)([deep, deep])).toEqual([{ path: [], message }])
  })

  test('is accepted where the schema does not descend into it', { tags: ['TL-2'] }, () => {
    expect(shown({ maxItems: 1 }, deep)).toEqual([])
    expect(shown({ const: [[1]] }, deep)).toEqual([': expected [[1]]'])
    expect(shown({ enum: [[[[1]]]] }, deep)).toHaveLength(1)
  })
})

test('a check that spends its budget fails with a message that says what to do', { tags: ['TL-2'] }, () => {
  const required = Array.from({ length: 1_000 }, (_, i) => `p${i}`)
  const schema = { items: { anyOf: [{ required }, { required: [...required, 'x'] }, { type: 'object' }] } }
  expect(
    shown(
      schema,
      Array.from({ length: 50_000 }, () => ({})),
    ),
  ).toEqual([`: could not be checked within ${maxSteps} steps. Send a smaller value`])
})
