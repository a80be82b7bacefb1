import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'
import { z } from 'zod'
import * as zod3 from 'zod/v3'

import { configurationErrorMessage } from '../testing/configuration-error-message.ts'
import { ToolRegistry } from './registry.ts'

type Direction = 'input' | 'output'

function register(schema: unknown, direction: Direction = 'input') {
  const registry = new ToolRegistry()
  registry.register('t', { [`${direction}Schema`]: schema, execute: () => 1 })
  return registry.get('t')!
}

const date = z.date()

const standard = (vendor: string, fields: object) => ({
  ...fields,
  '~standard': { version: 1, vendor, validate: (value: unknown) => ({ value }) },
})

/** Schemas with the fields that those of valibot 1.5 have. */
const valibot = {
  of: (type: string, fields: object = {}) => standard('valibot', { kind: 'schema', type, ...fields }),
  get date() {
    return this.of('date')
  },
  object: (entries: object) => standard('valibot', { kind: 'schema', type: 'object', entries }),
  optional: (wrapped: object) => standard('valibot', { kind: 'schema', type: 'optional', wrapped }),
}

/** Returns a schema with the fields that one of arktype 2.2 has, which is a function. */
const arktype = (json: unknown) => Object.assign(() => json, standard('arktype', { json, in: { json } }))
const inField = (schema: unknown) => ({ type: 'object', properties: { a: schema } })

test.each<[string, unknown, string]>([
  ['an unknown type', { type: 'objekt' }, 'type is "objekt"; it must be one of array, boolean'],
  ['an unknown type inside', inField({ type: 'date' }), '(in properties/a)'],
  ['a list without types', { type: [] }, 'a list that is not empty'],
  ['a constructor as type', { type: String }, 'inputSchema.type is a function'],
  [
    'a misspelt required',
    { type: 'object', requried: ['a'] },
    'requried is no keyword of JSON Schema; did you mean required?',
  ],
  [
    'a misspelt properties',
    { type: 'object', propertys: {} },
    'propertys is no keyword of JSON Schema; did you mean properties?',
  ],
  ['a misspelt keyword inside', inField({ type: 'array', item: {} }), 'did you mean items? (in properties/a)'],
  [
    'a keyword in another case',
    inField({ type: 'string', maxlength: 3 }),
    'maxlength is no keyword of JSON Schema; did you mean maxLength?',
  ],
  [
    'a keyword with an underscore',
    { type: 'object', additional_properties: false },
    'did you mean additionalProperties?',
  ],
  [
    'a misspelt type in a definition',
    { $defs: { a: { tpye: 'string' } }, $ref: '#/$defs/a' },
    'did you mean type? (in $ref)',
  ],
  ['an enum without values', inField({ enum: [] }), 'enum is []; it must be a list that is not empty'],
  ['no alternatives', { anyOf: [] }, 'anyOf is []'],
  ['required as a boolean', inField({ type: 'string', required: true }), 'required is true'],
  ['a pattern that is none', inField({ pattern: '(' }), 'the pattern "(" is not a valid regular expression'],
  ['a pattern with a backreference', { pattern: '(a)\\1' }, 'refers back to a group'],
  ['a reference to nothing', { $ref: '#/$defs/none' }, 'does not lead to a schema'],
  ['an external reference', inField({ $ref: 'https://a.example/b.json' }), 'schemas are not fetched'],
  ['a reference to itself', { $ref: '#' }, 'refers to its own schema'],
  ['a number', 5, 'it is 5, and neither'],
  ['a text', 'string', 'the text "string"'],
  ['null', null, 'it is null'],
  ['true', true, 'it is true'],
  ['an array', [z.string()], 'it is an array'],
  ['a function', z.object, 'it is a function'],
  ['fields without z.object', { city: z.string() }, 'its part city is a schema of a library'],
  ['a library inside a JSON Schema', inField(z.string()), 'its part properties.a is a schema of a library'],
  ['fields without keywords', { city: 'string' }, 'it has no keyword of JSON Schema, only city'],
  ['a wrapped JSON Schema', { jsonSchema: { type: 'object' }, validate() {} }, 'its property jsonSchema'],
  ['z.date()', date, 'it is z.date(), which JSON does not have. Dates arrive as text: use z.coerce.date()'],
  ['a date inside', z.object({ a: z.object({ at: date.optional() }) }), 'its part a.at is z.date()'],
  ['dates in an array', z.object({ list: z.array(date) }), 'its part list[] is z.date()'],
  ['a date in a lazy schema', z.lazy(() => z.tuple([date])), 'its part [0] is z.date()'],
  ['a date in one kind of objects', z.union([z.object({ at: date }), z.object({})]), 'its part at is z.date()'],
  ['a date before a transform', date.transform(String), 'it is z.date()'],
  [
    'a date of zod 3',
    zod3.z.date(),
    'it has the type date, which JSON does not have. Dates arrive as text: use z.coerce.date()',
  ],
  [
    'a date inside of zod 3',
    zod3.z.object({ a: zod3.z.object({ at: zod3.z.date().optional() }) }),
    'its part a.at has the type date',
  ],
  [
    'dates in lists of zod 3',
    zod3.z.lazy(() => zod3.z.tuple([zod3.z.array(zod3.z.date())])),
    'its part [0][] has the type date',
  ],
  ['a date before a transform of zod 3', zod3.z.date().transform(String), 'it has the type date'],
  ['two types of zod 3', zod3.z.union([zod3.z.date(), zod3.z.bigint()]), 'it has the type date'],
  [
    'a bigint of zod 3',
    zod3.z.record(zod3.z.bigint()),
    'its part * has the type bigint, which JSON does not have. Use z.coerce.bigint()',
  ],
  ['a date of valibot', valibot.date, 'Dates arrive as text: use v.pipe(v.string(), v.isoTimestamp())'],
  ['a date inside of valibot', valibot.object({ at: valibot.optional(valibot.date) }), 'its part at has the type date'],
  ['dates in a list of valibot', valibot.of('array', { item: valibot.date }), 'its part [] has the type date'],
  ['an instance of Date of valibot', valibot.of('instance', { class: Date }), 'it has the type date'],
  ['a lazy map of valibot', valibot.of('lazy', { getter: () => valibot.of('map') }), 'it has the type map'],
  ['a date of arktype', arktype('Date'), "Dates arrive as text: use 'string.date.iso'"],
  [
    'a date inside of arktype',
    arktype({ required: [{ key: 'at', value: 'Date' }], domain: 'object' }),
    'its part at has the type date',
  ],
  [
    'dates in a list of arktype',
    arktype({ sequence: { proto: 'Date', after: '2020' }, proto: 'Array' }),
    'its part [] has the type date',
  ],
  ['two types of arktype', arktype(['bigint', 'Date']), 'it has the type bigint'],
  ['z.bigint()', z.object({ n: z.bigint() }), 'its part n is z.bigint()'],
  ['z.map()', z.map(z.string(), z.string()), 'Use z.record()'],
  ['z.set()', z.record(z.string(), z.set(z.string())), 'its part * is z.set()'],
  ['z.symbol()', z.array(z.symbol()), 'its part [] is z.symbol()'],
  ['z.function()', z.object({ f: z.function() }), 'its part f is z.function()'],
  ['z.undefined()', z.undefined(), 'it is z.undefined()'],
  ['a property that is always undefined', z.object({ a: z.undefined() }), 'its part a is z.undefined()'],
  ['z.nan()', z.nan(), 'it is z.nan()'],
  ['a literal that is no JSON', z.literal([1n, undefined]), 'it is z.literal()'],
])('registration refuses %s as input, with the name of the tool and the reason', async (_, schema, reason) => {
  const message = await configurationErrorMessage(() => register(schema))
  expect(message).toContain("The inputSchema of the tool 't' ")
  expect(message).toContain(reason)
})

test.each<[string, unknown, unknown]>([
  ['a pattern that is valid only without the flag u', inField({ pattern: '^[\\w-.]+$' }), { a: 'x-.' }],
  ['an escape that the flag u refuses', inField({ pattern: '^a\\_b$' }), { a: 'a_b' }],
  ['an empty schema', {}, { a: 1 }],
  ['extensions only', { 'x-order': 1 }, { a: 1 }],
  ['a schema of another realm', runInNewContext('({ type: "object" })'), { a: 1 }],
  ['a date from text', z.object({ at: z.coerce.date() }), { at: '2026-01-01' }],
  ['a codec', z.object({ at: z.codec(z.iso.datetime(), date, codecOf()) }), { at: '2026-01-01T00:00:00Z' }],
  ['a preprocessed date', z.preprocess((text) => new Date(String(text)), date), '2026-01-01'],
  ['a date or a text', z.object({ at: z.union([date, z.string()]) }), { at: 'x' }],
  ['a date with a substitute', z.object({ at: date.catch(new Date(0)) }), { at: 1 }],
  [
    'annotations',
    inField({
      type: 'string',
      comment: 'x',
      note: 1,
      when: 2,
      form: 'f',
      nullable: true,
      discriminator: {},
      'x-requried': 1,
    }),
    { a: 'x' },
  ],
  [
    'keywords of other tools',
    inField({ enumNames: [], errorMessage: 'x', instanceof: 'A', propertyOrder: 1, markdownDescription: '' }),
    { a: 'x' },
  ],
  ['properties by the names of keywords misspelt', { properties: { requried: {}, tpye: {} } }, { requried: 1 }],
  ['values by the names of keywords misspelt', { const: { requried: 1 }, examples: [{ tpye: 1 }] }, { requried: 1 }],
  ['a date from text of zod 3', zod3.z.object({ at: zod3.z.coerce.date() }), { at: '2026-01-01' }],
  ['a date or a text of zod 3', zod3.z.union([zod3.z.date(), zod3.z.string()]), 'x'],
  ['a preprocessed date of zod 3', zod3.z.preprocess((text) => new Date(String(text)), zod3.z.date()), '2026-01-01'],
  ['a date or a text of valibot', valibot.of('union', { options: [valibot.date, valibot.of('string')] }), 'x'],
  ['a date with a fallback of valibot', valibot.of('date', { fallback: new Date(0) }), 'x'],
  ['a date or a text of arktype', arktype(['string', 'Date']), 'x'],
  ['a bigint from text', z.object({ n: z.coerce.bigint() }), { n: '12' }],
  ['a property that must be left out', z.object({ a: z.undefined().optional(), b: z.never().optional() }), {}],
  ['a value that is no object', z.string(), 'x'],
  ['a recursive schema', recursive(), { child: { child: {} } }],
])('registration accepts %s as input', async (_, schema, input) => {
  expect(await register(schema).input!.check(input)).toHaveProperty('value')
})

test('registration refuses an output schema whose values are never JSON, and accepts what becomes JSON', async () => {
  for (const schema of [z.bigint(), z.map(z.string(), z.string()), z.object({ s: z.set(z.string()) })]) {
    const message = await configurationErrorMessage(() => register(schema, 'output'))
    expect(message).toContain("The outputSchema of the tool 't' can't be used")
  }
  for (const schema of [date, z.void(), z.undefined(), z.string().transform(Number), z.bigint().transform(String)]) {
    expect(register(schema, 'output').output).toBeDefined()
  }
})

function codecOf() {
  return { decode: (text: string) => new Date(text), encode: (at: Date) => at.toISOString() }
}

function recursive() {
  const node: z.ZodType = z.object({
    get child() {
      return node.optional()
    },
  })
  return node
}
