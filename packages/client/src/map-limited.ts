/**
 * Maps with at most `limit` at work at a time; items are read when there is room for them, and the results are in their
 * order. When reading or mapping fails, what is at work ends first.
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
        // Nothing more is read: the others find the end. What ending the source throws is not why it failed.
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
