const maxAttempts = 5

/**
 * Repeats an attempt during which the event loop of this process stood still for longer than `maxMs`, at most four times. It
 * is for tests of a fixed timeout of the product, which expires during such a pause. Resolves and rejects as the last attempt.
 */
export async function unlessStalled<T>(maxMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let number = 1; ; number++) {
    let longestMs = 0
    let last = performance.now()
    const measure = (): void => {
      const now = performance.now()
      longestMs = Math.max(longestMs, now - last)
      last = now
    }
    const timer = setInterval(measure, 20)
    const [outcome] = await Promise.allSettled([attempt()])
    clearInterval(timer)
    measure()
    if (longestMs > maxMs && number < maxAttempts) continue
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }
}
