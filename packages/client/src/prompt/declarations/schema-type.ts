import type { JsonObject } from '@codemode/shared'
import { isObject } from '@codemode/shared/internal'

import { resolveLocal } from './local-reference.ts'
import type { NamedTypes } from './named-types.ts'
import { objectType } from './object-type.ts'
import { arrayOf, intersectionOf, literalOf, neverType, unionOf, unknownType, type TypeText } from './type-text.ts'

/** Maximum nesting of a type. What is nested deeper is `unknown`. */
const maxDepth = 32

/** Place of a schema: the names that it can refer to, and the type that it is a part of. */
export interface SchemaScope {
  readonly named: NamedTypes
  /** Schema in which local references are looked up. */
  readonly root: JsonObject
  /** Whether the type is that of an input, in which properties with a default may be absent. */
  readonly isInput: boolean
  /** Whether properties have comments. */
  readonly hasDocs: boolean
  /** Name for the root, if it refers to itself. */
  readonly rootName: string
  readonly depth: number
}

/** Keywords of objects and of arrays, which a schema without `type` may have. */
const objectKeywords = ['properties', 'additionalProperties', 'patternProperties', 'required']
const arrayKeywords = ['items', 'prefixItems']

/**
 * Returns the TypeScript type of the values of a JSON Schema. It has what a type can say; constraints such as `minimum`, and
 * `not`, `if` and `dependentSchemas`, are not in it.
 */
export function schemaType(schema: unknown, scope: SchemaScope): TypeText {
  if (schema === false) return neverType
  if (!isObject(schema) || scope.depth > maxDepth) return unknownType
  const fields = schema as JsonObject
  return intersectionOf([
    ...(typeof fields['$ref'] === 'string' ? [referenceType(fields['$ref'], scope)] : []),
    ownType(fields, scope),
    ...listOf(fields['allOf']).map((part) => schemaType(part, scope)),
    ...['anyOf', 'oneOf'].flatMap((keyword) => {
      const parts = listOf(fields[keyword])
      return parts.length === 0 ? [] : [unionOf(parts.map((part) => schemaType(part, scope)))]
    }),
  ])
}

function referenceType(ref: string, scope: SchemaScope): TypeText {
  const { named, root, isInput, rootName } = scope
  const schema = resolveLocal(root, ref)
  if (typeof schema === 'boolean') return schema ? unknownType : neverType
  if (schema === undefined) return unknownType
  return named.typeOf({ schema, pointer: ref, root, isInput }, rootName, () =>
    schemaType(schema, { ...scope, depth: 0 }),
  )
}

/** Returns the type by the keywords of the schema itself. */
function ownType(schema: JsonObject, scope: SchemaScope): TypeText {
  const types = typesOf(schema)
  if ('const' in schema) return literalOf(schema['const'])
  const values = schema['enum']
  if (Array.isArray(values)) {
    const matching = types === undefined ? values : values.filter((value) => types.some((type) => isOf(value, type)))
    return unionOf(matching.map(literalOf))
  }
  return types === undefined ? unknownType : unionOf(types.map((type) => typeNamed(type, schema, scope)))
}

/** Returns the types that a schema allows; undefined if it allows all. */
function typesOf(schema: JsonObject): readonly string[] | undefined {
  const type = schema['type']
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type.filter((each) => typeof each === 'string')
  if (objectKeywords.some((keyword) => keyword in schema)) return ['object']
  return arrayKeywords.some((keyword) => keyword in schema) ? ['array'] : undefined
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  return typeof value === type
}

function typeNamed(type: string, schema: JsonObject, scope: SchemaScope): TypeText {
  if (type === 'integer') return { text: 'number' }
  const inner = { ...scope, depth: scope.depth + 1 }
  if (type === 'array') return arrayType(schema, inner)
  if (type === 'object') return objectType(schema, { ...inner, typeOf: (part) => schemaType(part, inner) })
  return ['string', 'number', 'boolean', 'null'].includes(type) ? { text: type } : unknownType
}

/** Returns the type of an array, or of a tuple, whose elements are optional beyond `minItems`. */
function arrayType(schema: JsonObject, scope: SchemaScope): TypeText {
  const { prefixItems, items, additionalItems, minItems } = schema
  const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  const rest = first.length > 0 && !Array.isArray(prefixItems) ? additionalItems : items
  if (first.length === 0) return rest === false ? { text: '[]' } : arrayOf(schemaType(rest, scope))
  const required = typeof minItems === 'number' ? minItems : 0
  const elements = first.map((element, i) => {
    const { text, joinedBy } = schemaType(element, scope)
    if (i < required) return text
    return joinedBy === undefined ? `${text}?` : `(${text})?`
  })
  const others = rest === false ? [] : [`...${arrayOf(schemaType(rest, scope)).text}`]
  return { text: `[${[...elements, ...others].join(', ')}]` }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
