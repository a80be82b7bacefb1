/** Call of the store that has ended. */
export interface StoreCall {
  /** Name of the method. */
  readonly operation: string
  readonly durationMs: number
  /** Whether the store did not do what was asked. A refusal of a lost lease is no failure. */
  readonly isFailed: boolean
}

/** Observer of the store. */
export interface StoreObserver {
  storeCallEnded(call: StoreCall): void
}
