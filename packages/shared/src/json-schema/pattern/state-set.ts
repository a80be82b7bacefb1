/** State of an automaton, identified within it by its id. */
interface Identified {
  readonly id: number
}

/** Set of states that expect the next character, with the cached sets that follow it. */
export interface StateSet<State> {
  readonly states: readonly State[]
  /** Whether the end of the pattern is reached. */
  readonly isMatch: boolean
  /** Following sets by character below 128; from index 128 on, those by the last character of a text. */
  readonly followers: (StateSet<State> | undefined)[]
  /** Following sets by other characters; the key is negative for the last character of a text. */
  readonly otherFollowers: Map<number, StateSet<State>>
}

/** Character that is read. */
export interface Step {
  readonly code: number
  readonly isLast: boolean
}

/** Returns the cached set that follows a character; undefined if there is none. */
export function followerOf<State>(set: StateSet<State>, code: number, isLast: boolean): StateSet<State> | undefined {
  return code < 128 ? set.followers[isLast ? code + 128 : code] : set.otherFollowers.get(isLast ? -code : code)
}

/** Maximum number of cached sets of one pattern, and of states in them. */
const maxSets = 500
const maxStates = 50_000

/** Cache of the sets of one pattern, in which equal sets are the same object. When it is full, it is emptied. */
export class StateSets<State extends Identified> {
  readonly #byStates = new Map<string, StateSet<State>>()
  #states = 0
  #others = 0

  of(states: readonly State[], isMatch: boolean): StateSet<State> {
    const key = `${isMatch}${states.map(({ id }) => id).join()}`
    let set = this.#byStates.get(key)
    if (set === undefined) {
      if (this.#byStates.size >= maxSets || this.#states + states.length > maxStates) this.#clear()
      set = { states, isMatch, followers: [], otherFollowers: new Map() }
      this.#byStates.set(key, set)
      this.#states += states.length
    }
    return set
  }

  /**
   * Caches the set that follows a character. The last character of a text has sets of its own, because `$` holds after
   * it.
   */
  follow(set: StateSet<State>, { code, isLast }: Step, follower: StateSet<State>): void {
    if (code < 128) set.followers[isLast ? code + 128 : code] = follower
    else if (this.#others++ < maxStates) set.otherFollowers.set(isLast ? -code : code, follower)
  }

  /** Set at the beginning of a text that is not empty. */
  first: StateSet<State> | undefined

  #clear(): void {
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
