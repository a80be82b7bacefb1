/** Keywords for objects, except `unevaluatedProperties` and those that apply other schemas to the same object. */
import { isObject } from '../../is-object.ts'
import type { Json, JsonObject } from '../../json.ts'

import { own } from '../draft.ts'
import { ChildFailures, failure, incomplete } from '../failure.ts'
import type { SchemaNode } from '../node.ts'
import { Pattern } from '../pattern/pattern.ts'
import { shortJson } from '../resources.ts'
import { countOf, type Keyword, namesOf, recordOf } from './keyword.ts'

export const minProperties: Keyword = ({ schema }) => {
  const limit = countOf(schema, 'minProperties')
  if (limit === undefined) return undefined
  return (value, at) => {
    const count = isObject(value) ? Object.keys(value).length : Infinity
    return count < limit ? failure(at, `has ${count} properties; the minimum is ${limit}`) : undefined
  }
}

export const maxProperties: Keyword = ({ schema }) => {
  const limit = countOf(schema, 'maxProperties')
  if (limit === undefined) return undefined
  return (value, at) => {
    const count = isObject(value) ? Object.keys(value).length : 0
    return count > limit ? failure(at, `has ${count} properties; the maximum is ${limit}`) : undefined
  }
}

export const required: Keyword = ({ schema }) => {
  const names = namesOf(own(schema, 'required'), 'required')
  if (names === undefined) return undefined
  return (value, at, evaluation) => {
    if (!isObject(value)) return undefined
    evaluation.spend(names.length)
    const missing = names.filter((name) => !Object.hasOwn(value, name))
    return missing.length === 0 ? undefined : incomplete(at, missingMessage(missing))
  }
}

/** Returns a message that names the first five of the missing properties. */
export function missingMessage(missing: readonly string[]): string {
  const names = missing.slice(0, 5).map((name) => shortJson(name))
  if (missing.length > names.length) names.push(`${missing.length - names.length} more`)
  return `is missing the ${missing.length === 1 ? 'property' : 'properties'} ${names.join(', ')}`
}

/**
 * Keywords `properties`, `patternProperties` and `additionalProperties`, which visit each property of the object once.
 */
export const properties: Keyword = (preparation) => {
  const { schema } = preparation
  const named = recordOf(schema, 'properties')
  const patterned = recordOf(schema, 'patternProperties')
  const restValue = own(schema, 'additionalProperties')
  if (named === undefined && patterned === undefined && restValue === undefined) return undefined
  const byName = new Map((named ?? []).map(([name, each]) => [name, preparation.node(each, `properties/${name}`)]))
  const byPattern = (patterned ?? []).map(([source, each]) => ({
    pattern: new Pattern(source),
    node: preparation.node(each, `patternProperties/${source}`),
  }))
  const rest = restValue === undefined ? undefined : preparation.node(restValue, 'additionalProperties')
  preparation.addFill((value, filler) => {
    if (!isObject(value)) return
    for (const key of Object.keys(value)) {
      const own = byName.get(key)
      const matching = byPattern.filter(({ pattern }) => pattern.test(key, filler)).map(({ node }) => node)
      const nodes = own === undefined ? matching : [own, ...matching]
      if (nodes.length === 0 && rest !== undefined) nodes.push(rest)
      for (const node of nodes) filler.fill(node, value[key]!)
    }
    for (const [name, node] of byName) {
      const missing = Object.hasOwn(value, name) ? undefined : filler.defaultOf(node)
      if (missing !== undefined) define(value, name, missing)
    }
  })
  return (value, at, evaluation) => {
    if (!isObject(value)) return undefined
    let failures: ChildFailures | undefined
    for (const key of Object.keys(value)) {
      evaluation.spend(1)
      const nodes: SchemaNode[] = []
      const own = byName.get(key)
      if (own !== undefined) nodes.push(own)
      for (const { pattern, node } of byPattern) if (pattern.test(key, evaluation)) nodes.push(node)
      const isAdditional = nodes.length === 0
      if (isAdditional && rest !== undefined) nodes.push(rest)
      if (nodes.length > 0) at.evaluated?.add(key)
      for (const node of nodes) {
        const location = at.child(key)
        const isUnknown = isAdditional && restValue === false
        const failed = isUnknown
          ? failure(location, 'is not a known property')
          : evaluation.evaluate(node, value[key]!, location)
        if (failed === undefined) continue
        failures ??= new ChildFailures(at)
        if (failures.add(failed)) return failures.failure()
      }
    }
    return failures?.failure()
  }
}

/** Adds a property, also one that is named `__proto__`. */
function define(object: JsonObject, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

export const propertyNames: Keyword = (preparation) => {
  const value = preparation.draft >= 6 ? own(preparation.schema, 'propertyNames') : undefined
  if (value === undefined) return undefined
  const node = preparation.node(value, 'propertyNames')
  return (value, at, evaluation) => {
    if (!isObject(value)) return undefined
    const failures = new ChildFailures(at)
    for (const key of Object.keys(value)) {
      const failed = evaluation.evaluate(node, key, at.child(key))
      if (failed !== undefined && failures.add(failed)) break
    }
    return failures.failure()
  }
}
