/** Runs `count` times, with at most `limit` runs in flight. */
export async function inFlight(count: number, limit: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work))
}

/**
 * Runs repeatedly for `forMs` milliseconds with `limit` runs in flight, and resolves with the milliseconds of each run.
 */
export async function latencies(
  { forMs, limit }: { readonly forMs: number; readonly limit: number },
  run: () => Promise<unknown>,
): Promise<number[]> {
  const until = performance.now() + forMs
  const tookMs: number[] = []
  const work = async (): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now()
      await run()
      tookMs.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: limit }, work))
  return tookMs
}
