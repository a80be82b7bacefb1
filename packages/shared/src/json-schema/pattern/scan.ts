import type { Assertion, Program, State } from './program.ts'
import { followerOf, type StateSet, type Step } from './state-set.ts'

/** Steps of a check for one visit of a state, and for one character whose followers are cached. */
const visitSteps = 2
const characterSteps = 1 / 3
/** Number of characters whose steps are spent together. */
const charactersAtOnce = 1_024
/** Steps of a check for each scan, in addition to those of its characters. */
const scanSteps = 2

/** Budget of a check. `spend` throws when it is used up. */
export interface ScanBudget {
  spend(steps: number): void
}

/** Match of one text against a pattern. */
export class Scan {
  readonly #text: string
  readonly #budget: ScanBudget
  #visits = 0
  /** Whether an assertion that depends on the surrounding text decided about states, so that they can't be cached. */
  #isContextual = false

  constructor(text: string, budget: ScanBudget) {
    this.#text = text
    this.#budget = budget
  }

  /** Returns whether there is a match that begins at the position or, in a search, at a later one. */
  hasMatch(program: Program, from: number): boolean {
    this.#budget.spend(scanSteps)
    const last = program.direction === 1 ? this.#text.length : 0
    let position = from
    let set =
      (position === 0 && this.#text !== '' ? program.sets.first : undefined) ?? this.#firstSet(program, position)
    let read = 0
    while (!set.isMatch && position !== last) {
      if (!program.isSearch && set.states.length === 0) break
      if (++read % charactersAtOnce === 0) this.#budget.spend(charactersAtOnce * characterSteps)
      const code = this.#characterAt(program, position)
      position += code > 0xffff ? 2 * program.direction : program.direction
      const isLast = position === last
      set = followerOf(set, code, isLast) ?? this.#follower(program, set, { code, position, isLast })
    }
    this.#budget.spend((read % charactersAtOnce) * characterSteps)
    return set.isMatch
  }

  /** Returns the next character in the direction of reading: a code point with the flag `u`, otherwise a code unit. */
  #characterAt({ direction, isUnicode }: Program, position: number): number {
    const index = direction === 1 ? position : position - 1
    const code = this.#text.charCodeAt(index)
    if (!isUnicode || code < 0xd800 || code > 0xdfff) return code
    if (direction === 1) return this.#text.codePointAt(index)!
    const pair = index > 0 ? this.#text.codePointAt(index - 1)! : 0
    return pair > 0xffff ? pair : code
  }

  #firstSet(program: Program, position: number): StateSet<State> {
    this.#isContextual = false
    const set = this.#entered(program, position, [program.start])
    const isCacheable = !this.#isContextual && position === 0 && this.#text !== '' && program.direction === 1
    if (isCacheable) program.sets.first = set
    return set
  }

  #follower(program: Program, set: StateSet<State>, step: Step & { readonly position: number }): StateSet<State> {
    this.#isContextual = false
    const follower = this.#entered(program, step.position, this.#nextStates(program, set, step.code))
    if (!this.#isContextual) program.sets.follow(set, step, follower)
    return follower
  }

  #nextStates({ start, isSearch }: Program, { states }: StateSet<State>, code: number): State[] {
    this.#visits += states.length
    const next: State[] = isSearch ? [start] : []
    for (const state of states) if (state.kind === 'character' && state.matches(code)) next.push(state.next)
    return next
  }

  /** Returns the states that expect a character and can be reached from the given states without reading one. */
  #entered(program: Program, position: number, from: State[]): StateSet<State> {
    const expecting: State[] = []
    let isMatch = false
    const step = (program.step += 1)
    for (let state = from.pop(); state !== undefined; state = from.pop()) {
      if (program.enteredAt[state.id] === step) continue
      program.enteredAt[state.id] = step
      this.#visits += 1
      if (state.kind === 'character') expecting.push(state)
      else if (state.kind === 'end') isMatch = true
      else if (state.kind === 'split') from.push(...state.nexts)
      else if (this.#holds(state.assertion, position)) from.push(state.next)
    }
    this.#spendVisits()
    return program.sets.of(expecting, isMatch)
  }

  #spendVisits(): void {
    this.#budget.spend(this.#visits * visitSteps)
    this.#visits = 0
  }

  #holds(assertion: Assertion, position: number): boolean {
    if (assertion.kind === 'look' || assertion.kind === 'word' || assertion.isMultiline) this.#isContextual = true
    switch (assertion.kind) {
      case 'start':
        return position === 0 || (assertion.isMultiline && isLineEnd(this.#text.charCodeAt(position - 1)))
      case 'end':
        return position === this.#text.length || (assertion.isMultiline && isLineEnd(this.#text.charCodeAt(position)))
      case 'word':
        return (
          (this.#isWord(position - 1, assertion.word) !== this.#isWord(position, assertion.word)) !== assertion.negate
        )
      case 'look': {
        const isMatch = this.hasMatch(assertion.program, position)
        this.#isContextual = true
        return isMatch !== assertion.negate
      }
    }
  }

  #isWord(position: number, word: RegExp): boolean {
    return word.test(this.#text.charAt(position))
  }
}

const isLineEnd = (code: number): boolean => code === 10 || code === 13 || code === 0x2028 || code === 0x2029
