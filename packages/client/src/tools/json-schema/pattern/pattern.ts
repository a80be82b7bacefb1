import { type Program, programOf } from './program.ts'
import { type Budget, Scan } from './scan.ts'

/**
 * A regular expression of JavaScript that is matched in time linear in the text, whatever the pattern: all its states
 * are followed at once, and sets of them are remembered. Lookarounds take a scan of their own where they stand.
 */
export class Pattern {
  readonly #program: Program

  /** Throws a SchemaError if the pattern is none, is too large, or refers back to a group. */
  constructor(source: string) {
    this.#program = programOf(source)
  }

  /** Returns whether the text has a match, at the cost of the budget. */
  test(text: string, budget: Budget): boolean {
    return new Scan(text, budget).hasMatch(this.#program, 0)
  }
}
