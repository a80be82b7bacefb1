import { isObject } from '../is-object.ts'
import type { Json, JsonObject } from '../json.ts'
import { nearestName } from '../nearest-name.ts'

/** Draft of JSON Schema, by its number or by its year. */
export type Draft = 4 | 6 | 7 | 2019 | 2020

/** JSON Schema: an object of keywords, or a boolean that accepts or refuses every value. */
export type JsonSchema = JsonObject | boolean

const drafts: readonly (readonly [mark: string, draft: Draft])[] = [
  ['draft-04', 4],
  ['draft-06', 6],
  ['draft-07', 7],
  ['2019-09', 2019],
  ['2020-12', 2020],
]

/** Returns the draft that a `$schema` declares; `undefined` if it declares no known one. */
export function draftOf($schema: Json | undefined): Draft | undefined {
  return typeof $schema === 'string' ? drafts.find(([mark]) => $schema.includes(mark))?.[1] : undefined
}

export const isSchema = (value: Json | undefined): value is JsonSchema => typeof value === 'boolean' || isObject(value)

/** Keywords whose value is a schema or a list of schemas. */
const schemaKeywords = [
  'additionalItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'oneOf',
  'prefixItems',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]

/** Keywords whose value is an object of schemas. */
const schemaMapKeywords = [
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]

/** Keywords whose value is no schema, of all drafts. */
const otherKeywords = [
  '$anchor',
  '$comment',
  '$dynamicAnchor',
  '$dynamicRef',
  '$id',
  '$recursiveAnchor',
  '$recursiveRef',
  '$ref',
  '$schema',
  '$vocabulary',
  'const',
  'contentEncoding',
  'contentMediaType',
  'default',
  'dependentRequired',
  'deprecated',
  'description',
  'enum',
  'example',
  'examples',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'format',
  'id',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
  'multipleOf',
  'pattern',
  'readOnly',
  'required',
  'title',
  'type',
  'uniqueItems',
  'writeOnly',
]

const allKeywords: ReadonlySet<string> = new Set([...schemaKeywords, ...schemaMapKeywords, ...otherKeywords])

/** Returns whether a name is a keyword of some draft, or an extension by its prefix `x-`. */
export const isKeyword = (name: string): boolean => allKeywords.has(name) || name.startsWith('x-')

/** Short keywords, and those with `$`, are close to words such as `when`, `note` and `comment` that are annotations. */
const correctable = [...allKeywords].filter((name) => !/^(?:\$.*|.{1,3}|then|else)$/.test(name))

/**
 * Returns the keyword that a name misspells by one or two characters, or by its case; undefined for keywords and for
 * extensions, which JSON Schema allows.
 */
export function keywordMeantBy(name: string): string | undefined {
  if (name.length < 3 || name.startsWith('$') || isKeyword(name)) return undefined
  return nearestName(name, correctable, 2)
}

/** Returns the direct subschemas of a schema. */
export function subschemasOf(schema: JsonObject): JsonSchema[] {
  const found: Json[] = []
  for (const keyword of schemaKeywords) {
    const value = own(schema, keyword)
    if (Array.isArray(value)) found.push(...value)
    else if (value !== undefined) found.push(value)
  }
  for (const keyword of schemaMapKeywords) {
    const value = own(schema, keyword)
    if (isObject(value)) found.push(...Object.values(value))
  }
  return found.filter(isSchema)
}

/** Returns the value of an own property: `toString` of the prototype is no keyword. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
