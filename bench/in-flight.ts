/** Runs so many, with `limit` under way at a time. */
export async function inFlight(count: number, limit: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work))
}
