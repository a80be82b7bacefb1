import type { SchemaNode } from './node.ts'
import type { Failure } from './failure.ts'
import type { Resource } from './resources.ts'
import type { Seen } from './seen.ts'

/** What is known of a schema and a value. */
export interface Outcome {
  readonly failure: Failure | undefined
  /** Children that were evaluated, if that was asked for. */
  readonly seen: Seen | undefined
}

/**
 * The resources that evaluation has entered, from the outermost on, each once: all that a dynamic reference depends on.
 * Equal scopes are the same object, so what is known of a schema and a value is kept by scope.
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

  /** Returns the outermost resource that has the dynamic anchor. */
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
