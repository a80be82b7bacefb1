import type { Scope } from './scope.ts'
import type { Seen } from './seen.ts'

/** The place of a value in the instance, and what evaluation there depends on. */
export class Place {
  readonly scope: Scope
  /** Children of the value that schemas have evaluated; absent where no `unevaluated…` keyword asks for them. */
  readonly seen: Seen | undefined
  readonly #parent: Place | undefined
  readonly #key: string | number | undefined

  constructor(scope: Scope, seen?: Seen, parent?: Place, key?: string | number) {
    this.scope = scope
    this.seen = seen
    this.#parent = parent
    this.#key = key
  }

  child(key: string | number): Place {
    return new Place(this.scope, undefined, this, key)
  }

  /** Returns the same place with another scope or another record of children. */
  with(scope: Scope, seen: Seen | undefined): Place {
    return new Place(scope, seen, this)
  }

  path(): (string | number)[] {
    const keys: (string | number)[] = []
    if (this.#key !== undefined) keys.push(this.#key)
    for (let place = this.#parent; place !== undefined; place = place.#parent) {
      if (place.#key !== undefined) keys.push(place.#key)
    }
    return keys.toReversed()
  }
}
