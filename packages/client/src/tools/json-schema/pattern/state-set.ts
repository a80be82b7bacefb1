import type { State } from './program.ts'

/** The states that wait for the next character, and the sets that follow on it as far as they are known. */
export interface StateSet {
  readonly states: readonly State[]
  /** Whether the end of the pattern is reached. */
  readonly isMatch: boolean
  /** By character below 128; from 128 on, by the last character of a text. */
  readonly followers: (StateSet | undefined)[]
  /** By other characters; negative for the last one of a text. */
  readonly otherFollowers: Map<number, StateSet>
}

/** One character that is read. */
export interface Step {
  readonly code: number
  readonly isLast: boolean
}

/** Returns the set that is known to follow on a character. */
export function followerOf(set: StateSet, code: number, isLast: boolean): StateSet | undefined {
  return code < 128 ? set.followers[isLast ? code + 128 : code] : set.otherFollowers.get(isLast ? -code : code)
}

/** Maximum number of sets that are remembered of one pattern, and of states in them. */
const maxSets = 500
const maxStates = 50_000

/** The sets of one pattern: equal sets are the same object. It forgets them all when they become too many. */
export class StateSets {
  readonly #byStates = new Map<string, StateSet>()
  #states = 0
  #others = 0

  of(states: readonly State[], isMatch: boolean): StateSet {
    const key = `${isMatch}${states.map(({ id }) => id).join()}`
    let set = this.#byStates.get(key)
    if (set === undefined) {
      if (this.#byStates.size >= maxSets || this.#states + states.length > maxStates) this.#forget()
      set = { states, isMatch, followers: [], otherFollowers: new Map() }
      this.#byStates.set(key, set)
      this.#states += states.length
    }
    return set
  }

  /** Remembers which set follows on a character; where that is the last one of a text, `$` holds. */
  follow(set: StateSet, { code, isLast }: Step, follower: StateSet): void {
    if (code < 128) set.followers[isLast ? code + 128 : code] = follower
    else if (this.#others++ < maxStates) set.otherFollowers.set(isLast ? -code : code, follower)
  }

  /** The set at the beginning of a text that is not empty. */
  first: StateSet | undefined

  #forget(): void {
    this.first = undefined
    for (const set of this.#byStates.values()) {
      set.followers.length = 0
      set.otherFollowers.clear()
    }
    this.#byStates.clear()
    this.#states = 0
    this.#others = 0
  }
}
