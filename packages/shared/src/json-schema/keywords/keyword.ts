import { isObject } from '../../is-object.ts'
import type { Json, JsonObject } from '../../json.ts'

import type { Draft } from '../draft.ts'
import { own } from '../draft.ts'
import type { Check, Fill, SchemaNode } from '../node.ts'
import { shortJson } from '../resources.ts'
import { SchemaError } from '../schema-error.ts'

/** Schema that is being prepared. */
export interface Preparation {
  readonly schema: JsonObject
  readonly draft: Draft
  /** Returns the node of a subschema. One that applies to the same value is `inPlace`. */
  node(schema: Json, keyword: string, options?: { readonly inPlace: boolean }): SchemaNode
  reference(uri: string): SchemaNode
  /** Adds a step that fills in defaults. Keywords whose schemas need not hold, such as `anyOf`, add none. */
  addFill(fill: Fill): void
  /** Returns the schemas that a dynamic reference may lead to, by resource. */
  dynamicReference(uri: string, keyword: string): DynamicTargets
}

export interface DynamicTargets {
  readonly initial: SchemaNode
  /** Name of the dynamic anchor; undefined if the reference behaves like `$ref`. */
  readonly anchor: string | undefined
  readonly nodeOf: ReadonlyMap<object, SchemaNode>
}

/**
 * Function that prepares one keyword, or several that belong together. It returns `undefined` if the schema has none of
 * them.
 */
export type Keyword = (preparation: Preparation) => Check | undefined

/**
 * Returns the value of a keyword that expects a number. Throws a SchemaError for any other value, which no draft
 * allows.
 */
export function numberOf(schema: JsonObject, keyword: string): number | undefined {
  const value = own(schema, keyword)
  if (value === undefined || typeof value === 'number') return value
  throw malformed(keyword, value, 'a number')
}

export function countOf(schema: JsonObject, keyword: string): number | undefined {
  const value = numberOf(schema, keyword)
  if (value === undefined || (value >= 0 && Number.isInteger(value))) return value
  throw malformed(keyword, value, 'an integer that is not negative')
}

export function textOf(schema: JsonObject, keyword: string): string | undefined {
  const value = own(schema, keyword)
  if (value === undefined || typeof value === 'string') return value
  throw malformed(keyword, value, 'a string')
}

export function namesOf(value: Json | undefined, keyword: string): string[] | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value
  throw malformed(keyword, value, 'an array of strings')
}

export function listOf(schema: JsonObject, keyword: string): Json[] | undefined {
  const value = own(schema, keyword)
  if (value === undefined || Array.isArray(value)) return value
  throw malformed(keyword, value, 'an array')
}

export function recordOf(schema: JsonObject, keyword: string): [string, Json][] | undefined {
  const value = own(schema, keyword)
  if (value === undefined) return undefined
  if (isObject(value)) return Object.entries(value)
  throw malformed(keyword, value, 'an object')
}

export function malformed(keyword: string, value: Json, expected: string): SchemaError {
  return new SchemaError(`${keyword} is ${shortJson(value)}; it must be ${expected}`)
}
