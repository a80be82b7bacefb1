/**
 * Resolves with what an attempt gives, and repeats an attempt during which the event loop of this process stood still for
 * longer than `maxMs`. For tests of a fixed clock of the product, in which a machine that stops for a moment is another case.
 */
export async function unlessStalled<T>(maxMs: number, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    let longestMs = 0
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      longestMs = Math.max(longestMs, now - last)
      last = now
    }, 20)
    try {
      const value = await attempt()
      if (Math.max(longestMs, performance.now() - last) <= maxMs) return value
    } finally {
      clearInterval(timer)
    }
  }
}
