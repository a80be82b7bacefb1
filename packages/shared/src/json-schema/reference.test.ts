/** Comparison with an implementation that passes the whole JSON Schema Test Suite, on random schemas and values. */
import { registerSchema, unregisterSchema, validate } from '@hyperjump/json-schema/draft-2020-12'
import type { Json, JsonObject } from '../json.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { isObject } from '../is-object.ts'
import { jsonSchemaCheck } from './json-schema.ts'
import { SchemaError } from './schema-error.ts'

const key = fc.constantFrom('a', 'b', 'ab', '__proto__', 'toString')
const leaf: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, 1, 2, 1.5, 0.3, -1, 1e300, '', 'a', 'ab', 'ba', '💚', 'x'.repeat(5)),
)
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.uniqueArray(fc.tuple(key, tie('value')), { maxLength: 4, selector: ([name]) => name }).map(objectOf),
  ),
}))

/** Makes an object in which `__proto__` is an own property. */
function objectOf(entries: readonly (readonly [string, Json])[]): JsonObject {
  return JSON.parse(
    `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`).join()}}`,
  ) as JsonObject
}

const keyword = (name: string, of: fc.Arbitrary<Json>) => of.map((each) => ({ [name]: each }))

const count = fc.nat(3)
const types = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object']

const { schema } = fc.letrec<{ schema: Json; keyword: JsonObject }>((tie) => {
  const one = tie('schema')
  const list = fc.array(one, { minLength: 1, maxLength: 3 })
  const map = (keys: fc.Arbitrary<string>) =>
    fc.uniqueArray(fc.tuple(keys, one), { maxLength: 3, selector: ([name]) => name }).map(objectOf)
  return {
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { arbitrary: fc.boolean(), weight: 1 },
      {
        arbitrary: fc.array(tie('keyword'), { maxLength: 4 }).map((each) => objectOf(each.flatMap(Object.entries))),
        weight: 6,
      },
    ),
    keyword: fc.oneof(
      keyword('type', fc.oneof(fc.constantFrom(...types), fc.subarray(types, { minLength: 1 }))),
      keyword('const', value),
      keyword('enum', fc.array(value, { minLength: 1, maxLength: 3 })),
      ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((name) =>
        keyword(name, fc.constantFrom(0, 1, 1.5)),
      ),
      keyword('multipleOf', fc.constantFrom(1, 0.5)),
      ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'].map((name) =>
        keyword(name, count),
      ),
      keyword('pattern', fc.constantFrom('^a', 'b$', '^(a|b)*$', '^.$', '(?=.*b)a', '\\p{Emoji}')),
      keyword('uniqueItems', fc.boolean()),
      keyword('required', fc.subarray(['a', 'b', '__proto__', 'toString'])),
      keyword('properties', map(key)),
      keyword('patternProperties', map(fc.constantFrom('a', '^b', '.'))),
      keyword('dependentSchemas', map(key)),
      keyword(
        'dependentRequired',
        fc.subarray(['a', 'b']).map((names) => ({ a: names, toString: names })),
      ),
      ...['additionalProperties', 'unevaluatedProperties', 'propertyNames', 'items', 'unevaluatedItems'].map((name) =>
        keyword(name, one),
      ),
      ...['not', 'if', 'then', 'else'].map((name) => keyword(name, one)),
      fc.record({ contains: one, minContains: count, maxContains: count }, { requiredKeys: ['contains'] }),
      ...['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((name) => keyword(name, list)),
      keyword('$ref', fc.constantFrom('#', '#/$defs/x', '#y')),
      keyword('$dynamicRef', fc.constantFrom('#node', '#/$defs/x')),
    ),
  }
})

const asObject = (schema: Json): JsonObject => (isObject(schema) ? schema : { allOf: [schema] })

const document = fc.tuple(schema, schema, schema).map(([root, x, y]) => ({
  ...asObject(root),
  $dynamicAnchor: 'node',
  $defs: { x, y: { ...asObject(y), $anchor: 'y' } },
}))

test('schemas accept the same values as the reference implementation', { tags: ['TL-2'] }, async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.array(value, { minLength: 3, maxLength: 8 }), async (schema, values) => {
      const check = preparedOrNone(schema)
      if (check === undefined) return
      const id = 'https://reference.example/schema'
      registerSchema(schema, id, 'https://json-schema.org/draft/2020-12/schema')
      try {
        for (const each of values) {
          expect(check(each).length === 0).toBe((await validate(id, each)).valid)
        }
      } finally {
        unregisterSchema(id)
      }
    }),
    { numRuns: 400, seed: 7, endOnFailure: true },
  )
})

function preparedOrNone(schema: JsonObject): ReturnType<typeof jsonSchemaCheck> | undefined {
  try {
    return jsonSchemaCheck(schema)
  } catch (error) {
    if (error instanceof SchemaError && error.message.includes('refers to its own schema')) return undefined
    throw error
  }
}
