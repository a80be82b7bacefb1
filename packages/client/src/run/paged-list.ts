import { z } from 'zod'

/** Options of every list: its length, and that of a page. */
export const pagingOptions = {
  /** Maximum number of items; all by default. */
  limit: z.int().min(1).optional(),
  /** Number of items that are read at a time, up to 200; 50 by default. */
  pageSize: z.int().min(1).max(200).default(50),
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

interface PageQuery {
  readonly limit: number
  readonly cursor: string | undefined
}

/** Yields the items of all pages, each of which is read when the one before has been taken. Each loop reads the list anew. */
export function pagedList<Item>(
  { limit = Infinity, pageSize }: { readonly limit?: number | undefined; readonly pageSize: number },
  readPage: (query: PageQuery) => Promise<Page<Item>>,
): AsyncIterable<Item> {
  async function* items(): AsyncGenerator<Item, void> {
    let left = limit
    let cursor: string | undefined
    do {
      const page = await readPage({ limit: Math.min(pageSize, left), cursor })
      yield* page.items.slice(0, left)
      left -= page.items.length
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined && left > 0)
  }
  return { [Symbol.asyncIterator]: items }
}
