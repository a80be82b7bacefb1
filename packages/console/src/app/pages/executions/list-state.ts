import type { ExecutionList, ExecutionSummary } from '@codemode/shared'

/** Executions that were read so far, newest first, and the cursor of the rest. */
export interface ListState {
  readonly items: readonly ExecutionSummary[]
  /** Cursor of the first page that was not read; null if all were. */
  readonly nextCursor: string | null
  /** Cursors of the pages after the first one, in the order in which they were read. */
  readonly cursors: readonly string[]
}

/** Returns the state after the first page was read. */
export function firstPage({ items, nextCursor }: ExecutionList): ListState {
  return { items, nextCursor, cursors: [] }
}

/** Returns the state after a further page was read. */
export function withPage(state: ListState, cursor: string, { items, nextCursor }: ExecutionList): ListState {
  return { items: merged(state.items, items), nextCursor, cursors: [...state.cursors, cursor] }
}

/**
 * Returns the state after the first page was read again. If it has only new executions, there may be others between it and
 * those that were read before, which are then forgotten.
 */
export function withNewFirstPage(state: ListState, page: ExecutionList): ListState {
  const known = new Set(state.items.map(({ executionId }) => executionId))
  const isJoined = page.nextCursor === null || page.items.some(({ executionId }) => known.has(executionId))
  if (!isJoined) return firstPage(page)
  // What the page no longer has, although it is in the range of the page, does not match the filters any more.
  const last = page.items.at(-1)
  const inPage = new Set(page.items.map(({ executionId }) => executionId))
  const kept = state.items.filter(
    (item) => inPage.has(item.executionId) || (page.nextCursor !== null && last !== undefined && isOlder(item, last)),
  )
  const isLastPage = state.cursors.length === 0
  return { ...state, items: merged(kept, page.items), ...(isLastPage && { nextCursor: page.nextCursor }) }
}

/** Returns the state after a further page was read again. */
export function withPageAgain(state: ListState, page: ExecutionList): ListState {
  return { ...state, items: merged(state.items, page.items) }
}

function merged(before: readonly ExecutionSummary[], after: readonly ExecutionSummary[]): ExecutionSummary[] {
  const byId = new Map(before.map((item) => [item.executionId, item]))
  for (const item of after) byId.set(item.executionId, item)
  return [...byId.values()].sort((a, b) => (isOlder(a, b) ? 1 : -1))
}

function isOlder(a: ExecutionSummary, b: ExecutionSummary): boolean {
  return a.createdAt === b.createdAt ? a.executionId < b.executionId : a.createdAt < b.createdAt
}
