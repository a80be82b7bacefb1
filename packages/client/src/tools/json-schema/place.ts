import type { Scope } from './scope.ts'
import type { Seen } from './seen.ts'

/** Place of a value in the instance, and the state on which evaluation at this place depends. */
export class Place {
  readonly scope: Scope
  /** Children of the value that schemas have evaluated; undefined where no `unevaluated…` keyword needs them. */
  readonly seen: Seen | undefined
  /** First place of the value, which all places that `with` derived from it share. */
  readonly origin: Place
  readonly #parent: Place | undefined
  readonly #key: string | number | undefined

  constructor(scope: Scope, seen?: Seen, from?: { readonly parent: Place; readonly key?: string | number }) {
    this.scope = scope
    this.seen = seen
    this.#parent = from?.parent
    this.#key = from?.key
    this.origin = from === undefined || from.key !== undefined ? this : from.parent.origin
  }

  child(key: string | number): Place {
    return new Place(this.scope, undefined, { parent: this, key })
  }

  /** Returns the same place with another scope or another record of children. */
  with(scope: Scope, seen: Seen | undefined): Place {
    return new Place(scope, seen, { parent: this })
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
