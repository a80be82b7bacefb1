import type { Scope } from './scope.ts'
import type { Seen } from './seen.ts'

/** Location of a value in the instance, and the state on which evaluation at this location depends. */
export class Location {
  readonly scope: Scope
  /** Children of the value that schemas have evaluated; undefined where no `unevaluated…` keyword needs them. */
  readonly seen: Seen | undefined
  /** First location of the value, which all locations that `with` derived from it share. */
  readonly origin: Location
  readonly #parent: Location | undefined
  readonly #key: string | number | undefined

  constructor(scope: Scope, seen?: Seen, from?: { readonly parent: Location; readonly key?: string | number }) {
    this.scope = scope
    this.seen = seen
    this.#parent = from?.parent
    this.#key = from?.key
    this.origin = from === undefined || from.key !== undefined ? this : from.parent.origin
  }

  child(key: string | number): Location {
    return new Location(this.scope, undefined, { parent: this, key })
  }

  /** Returns the same location with another scope or another record of children. */
  with(scope: Scope, seen: Seen | undefined): Location {
    return new Location(scope, seen, { parent: this })
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
