import type { SchemaNode } from './node.ts'
import type { Failure } from './failure.ts'
import type { Resource } from './resources.ts'
import type { Seen } from './seen.ts'

/** Memoized outcome of evaluating a schema against a value. */
export interface Outcome {
  readonly failure: Failure | undefined
  /** Children that were evaluated, if they were asked for. */
  readonly seen: Seen | undefined
}

/**
 * Dynamic scope: the resources that evaluation has entered, from the outermost on, each once. Dynamic references depend
 * on nothing else. Equal scopes are the same object, so the outcomes of schemas and values are memoized by scope.
 */
export class Scope {
  readonly resource: Resource
  readonly #outer: Scope | undefined
  readonly #inner = new Map<Resource, Scope>()
  readonly #known = new Map<SchemaNode, Map<object, Outcome>>()

  constructor(resource: Resource, outer?: Scope) {
    this.resource = resource
    this.#outer = outer
  }

  enter(resource: Resource): Scope {
    if (this.#has(resource)) return this
    let inner = this.#inner.get(resource)
    if (inner === undefined) this.#inner.set(resource, (inner = new Scope(resource, this)))
    return inner
  }

  /** Returns the outermost resource that has the dynamic anchor; undefined if there is none. */
  outermostWith(anchor: string): Resource | undefined {
    return this.#outer?.outermostWith(anchor) ?? (this.resource.dynamicAnchors.has(anchor) ? this.resource : undefined)
  }

  /** Returns the outcomes of a schema, by container or, for other values, by the origin of their place. */
  knownOf(node: SchemaNode): Map<object, Outcome> {
    let known = this.#known.get(node)
    if (known === undefined) this.#known.set(node, (known = new Map()))
    return known
  }

  #has(resource: Resource): boolean {
    return this.resource === resource || (this.#outer !== undefined && this.#outer.#has(resource))
  }
}
