/**
 * Filling of defaults: a property or tuple item that is missing gets the `default` of its schema. As in Ajv, schemas
 * that need not hold (`anyOf`, `oneOf`, `not`, `if`, `contains`) fill in nothing.
 */
import type { Json } from '../json.ts'

import { Budget, CheckAborted } from './budget.ts'
import { Evaluation } from './evaluation.ts'
import { Location } from './location.ts'
import type { Filler, SchemaNode } from './node.ts'
import { Scope } from './scope.ts'

/** Steps of the budget for each default that is filled in: a scalar, or an object or array, which is copied. */
const scalarSteps = 16
const copySteps = 200

/** Returns a copy of a value with the defaults of a schema. Throws CheckAborted if this takes too many steps. */
export function withDefaults(root: SchemaNode, value: Json): Json {
  const copy = structuredClone(value)
  new DefaultsFiller().fill(root, copy)
  return copy
}

/**
 * Removes defaults that do not match their own schema, which would make every value without the property invalid.
 * Returns whether any is left.
 */
export function keepValidDefaults(nodes: readonly SchemaNode[], isDynamic: boolean): boolean {
  // The schemas of children come after those that contain them, and a default may lack what its children fill in.
  const filler = new DefaultsFiller()
  for (const node of nodes.toReversed()) {
    if (node.default !== undefined && !hasValidDefault(node, filler, isDynamic)) node.default = undefined
  }
  return nodes.some((node) => node.default !== undefined)
}

/** Returns whether a default matches its schema. All defaults of a schema share the budget of one filler. */
function hasValidDefault(node: SchemaNode, filler: DefaultsFiller, isDynamic: boolean): boolean {
  try {
    const value = filler.defaultOf(node)
    const at = new Location(new Scope(node.resource))
    return value !== undefined && new Evaluation(isDynamic).evaluate(node, value, at) === undefined
  } catch (error) {
    if (error instanceof CheckAborted || error instanceof RangeError) return false
    throw error
  }
}

/** Walk through one value, which fills defaults in. */
export class DefaultsFiller extends Budget implements Filler {
  /** Values that each schema has filled: several references may lead to the same schema. */
  readonly #filled = new Map<SchemaNode, Set<object>>()
  /** Schemas whose defaults contain the current value. The default of a recursive schema is filled in once. */
  readonly #defaulting = new Set<SchemaNode>()

  fill(node: SchemaNode, value: Json): void {
    this.spend(1)
    if (typeof value !== 'object' || value === null || node.fills.length === 0) return
    const filled = this.#filled.get(node) ?? new Set()
    if (filled.has(value)) return
    this.#filled.set(node, filled.add(value))
    this.descend()
    try {
      for (const fill of node.fills) fill(value, this)
    } finally {
      this.ascend()
    }
  }

  defaultOf(node: SchemaNode): Json | undefined {
    if (node.default === undefined || this.#defaulting.has(node)) return undefined
    const isScalar = typeof node.default !== 'object' || node.default === null
    this.spend(isScalar ? scalarSteps : copySteps)
    if (isScalar) return node.default
    const value = structuredClone(node.default)
    this.#defaulting.add(node)
    try {
      this.fill(node, value)
    } finally {
      this.#defaulting.delete(node)
    }
    return value
  }
}
