import { type Program, programOf } from './program.ts'
import { Scan, type ScanBudget } from './scan.ts'

/**
 * Regular expression of JavaScript that is matched in time linear in the text, whatever the pattern: an automaton
 * follows all states at once and caches sets of them. A lookaround is a scan of its own at the position at which it
 * stands.
 */
export class Pattern {
  readonly #program: Program

  /** Throws a SchemaError if the pattern is invalid, is too large, or has a backreference. */
  constructor(source: string) {
    this.#program = programOf(source)
  }

  /** Returns whether the text has a match. Spends the budget, and throws when it is used up. */
  test(text: string, budget: ScanBudget): boolean {
    return new Scan(text, budget).hasMatch(this.#program, 0)
  }
}
