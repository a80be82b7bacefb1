/** Call of the store that has ended. */
export interface StoreCall {
  /** Name of the method. */
  readonly operation: string
  readonly durationMs: number
  /** Whether the store has failed. Refusals of a lost lease and of values that are not valid are no failures. */
  readonly isFailed: boolean
}

/** Observer of the store. Its methods are named after the events. */
export interface StoreObserver {
  /** Called when a call of the store has returned or failed. */
  storeCallEnded(call: StoreCall): void
  /** Called with the number of notifications that are not attempted any more. */
  notificationsAbandoned(count: number): void
}
