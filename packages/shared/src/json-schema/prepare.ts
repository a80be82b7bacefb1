import { isObject } from '../is-object.ts'
import type { Json, JsonObject } from '../json.ts'

import { keepValidDefaults } from './defaults.ts'
import { isSchema, type JsonSchema, keywordMeantBy, own } from './draft.ts'
import { failure } from './failure.ts'
import { finalKeywords, keywords, onlyReference } from './keywords/all.ts'
import { type DynamicTargets, type Keyword, malformed, type Preparation } from './keywords/keyword.ts'
import type { Check, SchemaNode } from './node.ts'
import { type Resource, Resources } from './resources.ts'
import { SchemaError } from './schema-error.ts'

/** Schema whose references are resolved and whose keywords are ready to be evaluated. */
export interface PreparedSchema {
  readonly root: SchemaNode
  /** Whether the target of a reference depends on the schemas that evaluation has entered before it. */
  readonly isDynamic: boolean
  /** Whether a value may get a default that it lacks. */
  readonly hasDefaults: boolean
}

/** Prepares a schema. Throws a SchemaError if it is invalid, or a reference in it has no target. */
export function prepareSchema(schema: JsonSchema, others: Readonly<Record<string, JsonSchema>> = {}): PreparedSchema {
  const preparer = new Preparer(new Resources(schema, others))
  const root = preparer.prepareAll(schema)
  const { isDynamic } = preparer
  return { root, isDynamic, hasDefaults: keepValidDefaults(preparer.nodes, isDynamic) }
}

class Preparer {
  isDynamic = false
  readonly #resources: Resources
  readonly #nodes = new Map<JsonObject, SchemaNode>()
  /** Path of keywords that leads to the schema that is being prepared. */
  readonly #location: string[] = []
  /** Schemas that each schema applies to the same value. */
  readonly #inPlace = new Map<SchemaNode, SchemaNode[]>()

  constructor(resources: Resources) {
    this.#resources = resources
  }

  get nodes(): SchemaNode[] {
    return [...this.#nodes.values()]
  }

  prepareAll(schema: JsonSchema): SchemaNode {
    const root = this.#locatedNodeOf(schema, this.#resources.root)
    if (hasReferenceCycle(this.#inPlace)) {
      throw new SchemaError('a reference refers to its own schema without a property or an item between them')
    }
    return root
  }

  #locatedNodeOf(schema: JsonSchema, resource: Resource): SchemaNode {
    try {
      return this.#nodeOf(schema, resource)
    } catch (error) {
      if (!(error instanceof SchemaError) || this.#location.length === 0) throw error
      throw new SchemaError(`${error.message} (in ${this.#location.join('/')})`)
    }
  }

  #nodeOf(schema: JsonSchema, outer: Resource): SchemaNode {
    if (!isObject(schema)) return booleanNode(schema, outer)
    const known = this.#nodes.get(schema)
    if (known !== undefined) return known
    const resource = this.#resources.ownerOf(schema, outer)
    const node = { ...emptyNode(resource), default: own(schema, 'default') }
    this.#nodes.set(schema, node)
    if (resource.draft > 7 || !Object.hasOwn(schema, '$ref')) checkSpelling(schema)
    const preparation = this.#preparationOf(schema, node)
    const isReferenceOnly = resource.draft <= 7 && Object.hasOwn(schema, '$ref')
    node.checks.push(...checksOf(isReferenceOnly ? onlyReference : keywords, preparation))
    if (!isReferenceOnly) node.finalChecks.push(...checksOf(finalKeywords, preparation))
    return node
  }

  #preparationOf(schema: JsonObject, node: SchemaNode): Preparation {
    const { resource } = node
    const inPlace: SchemaNode[] = []
    this.#inPlace.set(node, inPlace)
    return {
      schema,
      draft: resource.draft,
      node: (value, keyword, options) => {
        if (!isSchema(value)) throw malformed(keyword, value, 'a schema: an object, true or false')
        this.#location.push(keyword)
        const child = this.#nodeOf(value, resource)
        this.#location.pop()
        if (options?.inPlace === true) inPlace.push(child)
        return child
      },
      reference: (uri) => {
        const found = this.#resources.locate(uri, resource)
        this.#location.push('$ref')
        const target = referred(this.#nodeOf(found.schema, found.resource))
        this.#location.pop()
        inPlace.push(target)
        return target
      },
      addFill: (fill) => node.fills.push(fill),
      dynamicReference: (uri, keyword) => this.#dynamicTargets(uri, keyword, node),
    }
  }

  #dynamicTargets(uri: string, keyword: string, from: SchemaNode): DynamicTargets {
    const found = this.#resources.locate(uri, from.resource)
    const initial = referred(this.#nodeOf(found.schema, found.resource))
    const name = keyword === '$recursiveRef' ? '' : found.anchor
    const targets = [...this.#resources.all()].flatMap((resource) => {
      const target = name === undefined ? undefined : resource.dynamicAnchors.get(name)
      return target === undefined ? [] : [{ resource, target }]
    })
    // If there is only one target, it is the initial one.
    if (name === undefined || !found.resource.dynamicAnchors.has(name) || targets.length === 1) {
      this.#inPlace.get(from)?.push(initial)
      return { initial, anchor: undefined, nodeOf: new Map() }
    }
    this.isDynamic = true
    const nodeOf = new Map<object, SchemaNode>()
    for (const { resource, target } of targets) nodeOf.set(resource, referred(this.#nodeOf(target, resource)))
    return { initial, anchor: name, nodeOf }
  }
}

/** Throws a SchemaError for a name that is no keyword and close to one: it would be ignored. */
function checkSpelling(schema: JsonObject): void {
  for (const name of Object.keys(schema)) {
    const meant = keywordMeantBy(name)
    if (meant !== undefined) throw new SchemaError(`${name} is no keyword of JSON Schema; did you mean ${meant}?`)
  }
}

function checksOf(keywords: readonly Keyword[], preparation: Preparation): Check[] {
  return keywords.flatMap((keyword) => keyword(preparation) ?? [])
}

const emptyNode = (resource: Resource): SchemaNode => ({
  resource,
  default: undefined,
  fills: [],
  checks: [],
  finalChecks: [],
  references: 0,
})

function booleanNode(schema: boolean, resource: Resource): SchemaNode {
  const checks = schema ? [] : [(_: Json, at: Parameters<typeof failure>[0]) => failure(at, 'is not allowed')]
  return { ...emptyNode(resource), checks }
}

function referred(node: SchemaNode): SchemaNode {
  node.references += 1
  return node
}

/**
 * Returns whether a schema refers to itself through keywords that apply other schemas to the same value, such as `$ref`
 * and `allOf`, so that no check by it would ever end. The schemas are visited without recursion.
 */
function hasReferenceCycle(inPlace: ReadonlyMap<SchemaNode, readonly SchemaNode[]>): boolean {
  const done = new Set<SchemaNode>()
  const onPath = new Set<SchemaNode>()
  for (const start of inPlace.keys()) {
    const open = [start]
    for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
      if (done.has(node) || onPath.has(node)) {
        open.pop()
        onPath.delete(node)
        done.add(node)
        continue
      }
      onPath.add(node)
      for (const next of inPlace.get(node) ?? []) {
        if (onPath.has(next)) return true
        if (!done.has(next)) open.push(next)
      }
    }
  }
  return false
}
