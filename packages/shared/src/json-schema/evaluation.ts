import type { Json } from '../json.ts'

import { Budget } from './budget.ts'
import { ValueIds } from './equality.ts'
import { joined, type Failure } from './failure.ts'
import type { Evaluator, SchemaNode } from './node.ts'
import type { Location } from './location.ts'
import type { Outcome } from './scope.ts'
import { EvaluatedChildren } from './evaluated-children.ts'

const memoizationSteps = 3
const matched: Outcome = { failure: undefined, evaluated: undefined }

/** Check of one value by a prepared schema. */
export class Evaluation extends Budget implements Evaluator {
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
    let location = at
    if (this.#followsScope && node.resource !== at.scope.resource) {
      location = at.with(at.scope.enter(node.resource), at.evaluated)
    }
    const isContainer = typeof value === 'object' && value !== null
    // A value without children meets the same schema again only if several references lead to it.
    if (node.references < (isContainer ? 1 : 2)) return this.#evaluateNow(node, value, location)
    const outcomes = location.scope.outcomesOf(node)
    const key = isContainer ? value : location.origin
    let outcome = outcomes.get(key)
    if (outcome === undefined || (location.evaluated !== undefined && outcome.evaluated === undefined)) {
      const evaluated = location.evaluated === undefined ? undefined : new EvaluatedChildren()
      const failure = this.#evaluateNow(
        node,
        value,
        evaluated === undefined ? location : location.with(location.scope, evaluated),
      )
      outcome = failure === undefined && evaluated === undefined ? matched : { failure, evaluated }
      outcomes.set(key, outcome)
      this.spend(memoizationSteps)
    }
    if (outcome.failure === undefined && outcome.evaluated !== undefined)
      this.spend(location.evaluated?.merge(outcome.evaluated) ?? 0)
    return outcome.failure
  }

  #evaluateNow(node: SchemaNode, value: Json, at: Location): Failure | undefined {
    this.spend(node.checks.length || 1)
    this.descend()
    const own = node.finalChecks.length === 0 ? undefined : new EvaluatedChildren()
    const location = own === undefined ? at : at.with(at.scope, own)
    let failure: Failure | undefined
    for (const check of node.checks) {
      const failed = check(value, location, this)
      if (failed === undefined) continue
      this.spend(1)
      failure = failure === undefined ? failed : joined(failure, failed)
      // The other keywords say nothing useful about a value of another kind.
      if (failed.isOtherKind) break
    }
    if (failure === undefined && own !== undefined) {
      for (const check of node.finalChecks) failure ??= check(value, location, this)
      this.spend(at.evaluated?.merge(own) ?? 0)
    }
    this.ascend()
    return failure
  }
}
