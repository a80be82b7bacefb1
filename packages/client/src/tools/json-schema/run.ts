import type { Json } from '@codemode/shared'

import { ValueIds } from './equality.ts'
import { joined, type Failure } from './failure.ts'
import type { SchemaNode } from './node.ts'
import type { Location } from './location.ts'
import type { Outcome } from './scope.ts'
import { Seen } from './seen.ts'

/**
 * Maximum number of steps of one check. A step is about one keyword applied to one value, or 16 characters of text; it
 * takes 10 to 40 ns, so a check blocks its process for about 200 ms at most.
 */
export const maxSteps = 10_000_000

/** Maximum nesting of schemas during the evaluation of a value. */
export const maxDepth = 1_000

const rememberingSteps = 3
const matched: Outcome = { failure: undefined, seen: undefined }

/** Error for a check that was stopped because a limit was reached. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp'
}

/** Check of one value: its budget, and the ids of values that were compared. */
export class Run {
  /** Whether the schema has dynamic references, so that the scope must be tracked. */
  readonly #followsScope: boolean
  readonly valueIds = new ValueIds()
  #steps = 0
  #depth = 0

  constructor(followsScope: boolean) {
    this.#followsScope = followsScope
  }

  /** Spends steps of the budget. Throws GivenUp when it is used up. */
  spend(steps: number): void {
    this.#steps += steps
    if (this.#steps > maxSteps) {
      throw new GivenUp(
        `was not checked to its end: the check was given up after ${maxSteps} steps. Send a smaller value`,
      )
    }
  }

  /** Enters a nested schema or value. Throws GivenUp at the maximum depth. */
  descend(): void {
    if (++this.#depth > maxDepth) throw tooDeep()
  }

  ascend(): void {
    this.#depth -= 1
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
    const known = place.scope.knownOf(node)
    const key = isContainer ? value : place.origin
    let outcome = known.get(key)
    if (outcome === undefined || (place.seen !== undefined && outcome.seen === undefined)) {
      const seen = place.seen === undefined ? undefined : new Seen()
      const failure = this.#evaluateNow(node, value, seen === undefined ? place : place.with(place.scope, seen))
      outcome = failure === undefined && seen === undefined ? matched : { failure, seen }
      known.set(key, outcome)
      this.spend(rememberingSteps)
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

export function tooDeep(): GivenUp {
  return new GivenUp(
    `is nested too deeply to be checked: more than ${maxDepth} schemas would be within each other. Send a flatter value`,
  )
}
