/**
 * Maximum number of steps of one check. A step is about one keyword applied to one value, or 16 characters of text; it
 * takes 10 to 40 ns, so a check blocks its process for about 200 ms at most.
 */
export const maxSteps = 10_000_000

/** Maximum nesting of schemas during the evaluation of a value. */
export const maxDepth = 1_000

/** Error for a check that was stopped because a limit was reached. */
export class CheckAborted extends Error {
  override readonly name = 'CheckAborted'
}

/** Returns the error for a check that exceeds the maximum depth. */
export function tooDeep(): CheckAborted {
  return new CheckAborted(
    `is nested too deeply to be checked: the limit is ${maxDepth} schemas within each other. Send a flatter value`,
  )
}

/** Budget of one check: the steps that it has spent, and the current depth of nesting. */
export class Budget {
  #steps = 0
  #depth = 0

  /** Spends steps of the budget. Throws CheckAborted when it is used up. */
  spend(steps: number): void {
    this.#steps += steps
    if (this.#steps > maxSteps) {
      throw new CheckAborted(`could not be checked within ${maxSteps} steps. Send a smaller value`)
    }
  }

  /** Enters a nested schema or value. Throws CheckAborted at the maximum depth. */
  descend(): void {
    if (++this.#depth > maxDepth) throw tooDeep()
  }

  ascend(): void {
    this.#depth -= 1
  }
}
