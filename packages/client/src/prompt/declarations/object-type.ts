import type { JsonObject } from '@codemode/shared'
import { isObject } from '@codemode/shared/internal'

import { schemaDoc } from './schema-doc.ts'
import { keyOf, neverType, objectOf, unionOf, unknownType, type Member, type TypeText } from './type-text.ts'

/** Place of the schema of an object. */
interface ObjectScope {
  /** Whether the type is that of an input, in which properties with a default may be absent. */
  readonly isInput: boolean
  /** Whether properties have comments. */
  readonly hasDocs: boolean
  /** Returns the type of a part of the schema. */
  readonly typeOf: (schema: unknown) => TypeText
}

/** Returns the type of an object by the keywords of a schema. */
export function objectType(schema: JsonObject, scope: ObjectScope): TypeText {
  const properties = objectIn(schema['properties'])
  const required = new Set(
    Array.isArray(schema['required']) ? schema['required'].filter((name) => typeof name === 'string') : [],
  )
  const undeclared = [...required].filter((name) => !Object.hasOwn(properties, name))
  const declared = Object.entries(properties).filter(([name, property]) => property !== false || required.has(name))
  const members: Member[] = [
    ...declared.map(([name, property]) => memberOf(name, property, { isRequired: required.has(name), scope })),
    ...undeclared.map((name) => ({ text: `${keyOf(name)}: unknown`, doc: [] })),
  ]
  const index = indexType(schema, { hasMembers: members.length > 0, scope })
  return objectOf(index === undefined ? members : [...members, { text: `[key: string]: ${index.text}`, doc: [] }])
}

interface Place {
  readonly isRequired: boolean
  readonly scope: ObjectScope
}

function memberOf(name: string, property: unknown, { isRequired, scope }: Place): Member {
  const { text } = scope.typeOf(property)
  const details = objectIn(property)
  const isOptional = !isRequired || (scope.isInput && 'default' in details)
  return { text: `${keyOf(name)}${isOptional ? '?' : ''}: ${text}`, doc: scope.hasDocs ? schemaDoc(details) : [] }
}

/**
 * Returns the type of further properties; undefined if there are none, or the schema does not mention them. Next to others it is
 * `unknown`, because TypeScript demands that they all match it.
 */
function indexType(
  schema: JsonObject,
  { hasMembers, scope }: { readonly hasMembers: boolean; readonly scope: ObjectScope },
): TypeText | undefined {
  const { additionalProperties } = schema
  const patterns = Object.values(objectIn(schema['patternProperties']))
  const isOpen = additionalProperties !== undefined && additionalProperties !== false
  if (!isOpen && patterns.length === 0) {
    if (!hasMembers && additionalProperties === false) return neverType
    return hasMembers || 'properties' in schema ? undefined : unknownType
  }
  if (hasMembers || (additionalProperties === undefined && patterns.length > 0)) return unknownType
  const others = isOpen ? [additionalProperties] : []
  return unionOf([...patterns, ...others].map((part) => scope.typeOf(part)))
}

function objectIn(value: unknown): JsonObject {
  return isObject(value) ? (value as JsonObject) : {}
}
