import type { Scope } from './scope.ts'
import type { EvaluatedChildren } from './evaluated-children.ts'

/** Location of a value in the instance, and the state on which evaluation at this location depends. */
export class Location {
  readonly scope: Scope
  /** Children of the value that schemas have evaluated; undefined where no `unevaluated…` keyword needs them. */
  readonly evaluated: EvaluatedChildren | undefined
  /** First location of the value, which all locations that `with` derived from it share. */
  readonly origin: Location
  readonly #parent: Location | undefined
  readonly #key: string | number | undefined

  constructor(
    scope: Scope,
    evaluated?: EvaluatedChildren,
    from?: { readonly parent: Location; readonly key?: string | number },
  ) {
    this.scope = scope
    this.evaluated = evaluated
    this.#parent = from?.parent
    this.#key = from?.key
    this.origin = from === undefined || from.key !== undefined ? this : from.parent.origin
  }

  child(key: string | number): Location {
    return new Location(this.scope, undefined, { parent: this, key })
  }

  /** Returns the same location with another scope or another record of children. */
  with(scope: Scope, evaluated: EvaluatedChildren | undefined): Location {
    return new Location(scope, evaluated, { parent: this })
  }

  path(): (string | number)[] {
    const keys: (string | number)[] = []
    if (this.#key !== undefined) keys.push(this.#key)
    for (let location = this.#parent; location !== undefined; location = location.#parent) {
      if (location.#key !== undefined) keys.push(location.#key)
    }
    return keys.toReversed()
  }
}
