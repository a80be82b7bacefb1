import type { Failure } from './failure.ts'
import type { Resource } from './resources.ts'
import type { EvaluatedChildren } from './evaluated-children.ts'

/** Memoized outcome of evaluating a schema against a value. */
export interface Outcome {
  readonly failure: Failure | undefined
  /** Children that were evaluated, if they were requested. */
  readonly evaluated: EvaluatedChildren | undefined
}

/**
 * Dynamic scope: the resources that evaluation has entered, from the outermost on, each once. Dynamic references depend
 * on nothing else. Equal scopes are the same object, so the outcomes of schemas and values are memoized by scope.
 */
export class Scope {
  readonly resource: Resource
  readonly #outer: Scope | undefined
  readonly #inner = new Map<Resource, Scope>()
  readonly #outcomes = new Map<object, Map<object, Outcome>>()

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

  /** Returns the memoized outcomes of a prepared schema, by container or, for other values, by their first location. */
  outcomesOf(node: object): Map<object, Outcome> {
    let outcomes = this.#outcomes.get(node)
    if (outcomes === undefined) this.#outcomes.set(node, (outcomes = new Map()))
    return outcomes
  }

  #has(resource: Resource): boolean {
    return this.resource === resource || (this.#outer !== undefined && this.#outer.#has(resource))
  }
}
