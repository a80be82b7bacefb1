/** Tool whose calls wait until the test opens the latch. */
export interface ToolLatch {
  /** Handler of the tool. */
  readonly enter: (input: unknown, call: { readonly signal: AbortSignal }) => Promise<unknown>
  /** Resolves when `count` calls, one by default, have arrived in total. */
  readonly arrived: (count?: number) => Promise<void>
  /** Signals of the calls, in the order of their arrival. */
  readonly signals: readonly AbortSignal[]
  /** Lets all present and future calls continue. */
  readonly open: () => void
}

/** Creates a tool whose handler answers with its input when the latch is opened. The handler ignores its signal. */
export function toolLatch(): ToolLatch {
  const opened = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  let arrival = Promise.withResolvers<void>()
  return {
    async enter(input, { signal }) {
      signals.push(signal)
      arrival.resolve()
      arrival = Promise.withResolvers()
      await opened.promise
      return input
    },
    async arrived(count = 1) {
      while (signals.length < count) await arrival.promise
    },
    signals,
    open: () => opened.resolve(),
  }
}

/** Resolves with the reason when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason)
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}
