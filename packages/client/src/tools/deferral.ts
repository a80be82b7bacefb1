/** Marker that a handler returns in place of its output, to answer its call later; made by `call.defer()`. */
export class DeferredAnswer {
  readonly #callId: string

  /** @internal */
  constructor(callId: string) {
    this.#callId = callId
  }

  /** Returns whether a value that a handler returned defers the answer to its call. Throws for the marker of another call. */
  static isReturned(value: unknown, callId: string): boolean {
    if (!(value instanceof DeferredAnswer)) return false
    if (value.#callId === callId) return true
    throw new TypeError(`The handler returned the marker of call.defer() of another call, ${value.#callId}`)
  }
}
