import { createRequire } from 'node:module'

import { Codemode, MockExecutor, tool, type Json, type JsonObject, type Tool } from '@codemode/client'
import { jsonSchemaCheck } from '@codemode/shared/internal'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { compileStrictly } from '../support/compile-strictly.ts'
import { corpusTools } from './corpus.ts'

/** JSON Schema Test Suite of draft 4, which has no types. */
const suite = createRequire(import.meta.url)('json-schema-test-suite') as {
  draft4(): readonly { readonly schemas: readonly { readonly schema: JsonObject }[] }[]
}

const declarationsOf = (tools: Record<string, Tool>): string =>
  Codemode.fromClientConfig({ executor: new MockExecutor() }).withTools(tools).declarations()

const execute = () => null

test('tsc --strict accepts the declarations of the schemas of a corpus', { tags: ['FW-3'] }, async () => {
  const schemas = suite.draft4().flatMap(({ schemas: list }) => list.map(({ schema }) => schema))
  const fromSuite = Object.entries(schemas).flatMap(([i, schema]) => {
    try {
      return [[`suite.s${i}`, tool({ inputSchema: schema, outputSchema: schema, execute })] as const].filter(
        ([name, each]) => declarationsOf({ [name]: each }) !== '',
      )
    } catch {
      // Schemas of the suite that no tool can have, such as those that refer to other documents.
      return []
    }
  })
  expect(fromSuite.length).toBeGreaterThan(60)
  const fromApi = await corpusTools()
  expect(Object.keys(fromApi).length).toBeGreaterThan(1_000)
  // A module, so that types of the schemas do not meet those of the language.
  expect(await compileStrictly(declarationsOf({ ...fromApi, ...Object.fromEntries(fromSuite) }))).toEqual([])
})

const scalar = fc.oneof(
  fc.constantFrom<JsonObject>(
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'null' },
    { type: ['string', 'null'] },
  ),
  fc
    .uniqueArray(fc.constantFrom<Json>('a', 'b', 1, true, null), { minLength: 1 })
    .map((values): JsonObject => ({ enum: values })),
  fc.constantFrom<Json>('a', 1, null).map((value): JsonObject => ({ const: value })),
)
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c-d', 'e f'), { maxLength: 3 })

/** Schemas whose values a type describes exactly: objects are closed, and unions are of scalars and arrays. */
const { schema: exactSchema } = fc.letrec<{ schema: JsonObject; array: JsonObject; object: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    scalar,
    tie('array'),
    tie('object'),
    fc.tuple(scalar, tie('array')).map((anyOf) => ({ anyOf })),
  ),
  array: fc.oneof(
    tie('schema').map((items) => ({ type: 'array', items })),
    fc
      .array(tie('schema'), { minLength: 1, maxLength: 3 })
      .chain((prefixItems) =>
        fc.nat(prefixItems.length).map((minItems) => ({ type: 'array', prefixItems, minItems, items: false })),
      ),
  ),
  object: names.chain((keys) =>
    fc.tuple(fc.tuple(...keys.map(() => tie('schema'))), fc.subarray(keys)).map(([properties, required]) => ({
      type: 'object',
      properties: Object.fromEntries(keys.map((key, i) => [key, properties[i]!])),
      required,
      additionalProperties: false,
    })),
  ),
}))

/** Values that often match a schema, and often nearly. */
function valueOf(schema: JsonObject): fc.Arbitrary<Json> {
  const other = fc.constantFrom<Json>('a', 'x', 1, 2.5, true, null, [], {}, ['a'], { a: 'a' })
  return fc.oneof({ arbitrary: matching(schema), weight: 6 }, { arbitrary: other, weight: 1 })
}

function matching(schema: JsonObject): fc.Arbitrary<Json> {
  const { type, enum: values, const: constant, items, prefixItems, properties, anyOf } = schema
  if (anyOf !== undefined) return fc.oneof(...(anyOf as JsonObject[]).map(valueOf))
  if (Array.isArray(values)) return fc.constantFrom(...values)
  if (constant !== undefined) return fc.constant(constant)
  if (Array.isArray(prefixItems))
    return fc
      .tuple(...(prefixItems as JsonObject[]).map(valueOf))
      .chain((list) => fc.nat(list.length).map((length) => list.slice(0, length)))
  if (type === 'array') return fc.array(valueOf(items as JsonObject), { maxLength: 3 })
  if (type !== 'object') return fc.constantFrom<Json>('a', 1, true, null)
  const fields = Object.entries(properties as Record<string, JsonObject>)
  return fc.record(Object.fromEntries(fields.map(([key, part]) => [key, valueOf(part)])), {
    requiredKeys: [],
  }) as fc.Arbitrary<Json>
}

test('types accept the values that the validation accepts, and no others', { tags: ['FW-3'] }, async () => {
  const cases = fc.sample(
    exactSchema.chain((schema) => valueOf(schema).map((value) => ({ schema, value }))),
    { numRuns: 800, seed: 1 },
  )
  const tools = Object.fromEntries(cases.map(({ schema }, i) => [`t${i}`, tool({ outputSchema: schema, execute })]))
  const declarations = declarationsOf(tools)
  const first = declarations.split('\n').length + 1
  const uses = cases.map(
    ({ value }, i) => `export const v${i}: Awaited<ReturnType<typeof tools.t${i}>> = ${JSON.stringify(value)}`,
  )
  const errors = await compileStrictly(`${declarations}\n${uses.join('\n')}`)
  const refused = new Set(errors.map(({ line }) => line))
  const isValid = cases.map(({ schema, value }) => jsonSchemaCheck(schema)(value).length === 0)
  const disagreeing = cases.filter((_, i) => isValid[i] === refused.has(first + i))
  expect(disagreeing).toEqual([])
  expect(isValid.filter(Boolean).length).toBeGreaterThan(150)
  expect(refused.size).toBeGreaterThan(150)
})
