/**
 * Maps items with at most `limit` calls of `map` at a time. Resolves with the results in the order of the items; an
 * item is read when its call can start. If reading or mapping fails, rejects after the calls under way have ended.
 */
export async function mapLimited<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = entriesOf(items)
  const work = async (): Promise<void> => {
    for (let next = await queue.next(); next.done !== true; next = await queue.next()) {
      const [index, item] = next.value
      try {
        results[index] = await map(item)
      } catch (error) {
        // Ends the source, so that the other workers stop. The error of `map` takes precedence over one of `return`.
        queue.return().catch(() => {})
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: limit }, work))
  const failure = workers.find((worker) => worker.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return results
}

async function* entriesOf<Item>(items: Iterable<Item> | AsyncIterable<Item>): AsyncGenerator<[number, Item], void> {
  let index = 0
  for await (const item of items) yield [index++, item]
}
