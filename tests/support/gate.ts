/** A tool whose calls wait until the test lets them go. */
export interface Gate {
  /** The tool's handler. */
  readonly enter: (input: unknown, call: { readonly signal: AbortSignal }) => Promise<unknown>
  /** Resolves when so many calls have come, in all. */
  readonly arrived: (count?: number) => Promise<void>
  /** The signals of the calls, in the order of their arrival. */
  readonly signals: readonly AbortSignal[]
  /** Lets all calls go on, those to come as well. */
  readonly open: () => void
}

/** Makes a tool whose handler answers with its input, once the gate is open. It does not mind its signal. */
export function gate(): Gate {
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

/** Resolves when the signal has aborted, with its reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason)
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}
