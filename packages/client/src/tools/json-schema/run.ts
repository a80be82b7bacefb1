import type { Json } from '@codemode/shared'

import { Budget } from './budget.ts'
import { ValueIds } from './equality.ts'
import { joined, type Failure } from './failure.ts'
import type { Evaluator, SchemaNode } from './node.ts'
import type { Location } from './location.ts'
import type { Outcome } from './scope.ts'
import { Seen } from './seen.ts'

const memoizationSteps = 3
const matched: Outcome = { failure: undefined, seen: undefined }

/** Check of one value by a prepared schema. */
export class Run extends Budget implements Evaluator {
  /** Whether the schema has dynamic references, so that the scope must be tracked. */
  readonly #followsScope: boolean
  readonly valueIds = new ValueIds()

  constructor(followsScope: boolean) {
    super()
    this.#followsScope = followsScope
  }

  /**
   * Evaluates a schema against a value. The outcome of a schema that is the target of references is memoized by value.
   */
  evaluate(node: SchemaNode, value: Json, at: Location): Failure | undefined {
    let place = at
    if (this.#followsScope && node.resource !== at.scope.resource) {
      place = at.with(at.scope.enter(node.resource), at.seen)
    }
    const isContainer = typeof value === 'object' && value !== null
    // A value without children meets the same schema again only if several references lead to it.
    if (node.references < (isContainer ? 1 : 2)) return this.#evaluateNow(node, value, place)
    const outcomes = place.scope.outcomesOf(node)
    const key = isContainer ? value : place.origin
    let outcome = outcomes.get(key)
    if (outcome === undefined || (place.seen !== undefined && outcome.seen === undefined)) {
      const seen = place.seen === undefined ? undefined : new Seen()
      const failure = this.#evaluateNow(node, value, seen === undefined ? place : place.with(place.scope, seen))
      outcome = failure === undefined && seen === undefined ? matched : { failure, seen }
      outcomes.set(key, outcome)
      this.spend(memoizationSteps)
    }
    if (outcome.failure === undefined && outcome.seen !== undefined) this.spend(place.seen?.merge(outcome.seen) ?? 0)
    return outcome.failure
  }

  #evaluateNow(node: SchemaNode, value: Json, at: Location): Failure | undefined {
    this.spend(node.checks.length || 1)
    this.descend()
    const own = node.finalChecks.length === 0 ? undefined : new Seen()
    const place = own === undefined ? at : at.with(at.scope, own)
    let failure: Failure | undefined
    for (const check of node.checks) {
      const failed = check(value, place, this)
      if (failed === undefined) continue
      this.spend(1)
      failure = failure === undefined ? failed : joined(failure, failed)
      // The other keywords say nothing useful about a value of another kind.
      if (failed.isOtherKind) break
    }
    if (failure === undefined && own !== undefined) {
      for (const check of node.finalChecks) failure ??= check(value, place, this)
      this.spend(at.seen?.merge(own) ?? 0)
    }
    this.ascend()
    return failure
  }
}
