import type { State } from './program.ts'

/** The states that wait for the next character, and the sets that follow on it as far as they are known. */
export interface StateSet {
  readonly states: readonly State[]
  /** Whether the end of the pattern is reached. */
  readonly isMatch: boolean
  /** By character below 128. */
  readonly followers: (StateSet | undefined)[]
  /** By other characters. */
  readonly otherFollowers: Map<number, StateSet>
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

  follow(set: StateSet, code: number, follower: StateSet): void {
    if (code < 128) set.followers[code] = follower
    else if (this.#others++ < maxStates) set.otherFollowers.set(code, follower)
  }

  #forget(): void {
    for (const set of this.#byStates.values()) {
      set.followers.length = 0
      set.otherFollowers.clear()
    }
    this.#byStates.clear()
    this.#states = 0
    this.#others = 0
  }
}
