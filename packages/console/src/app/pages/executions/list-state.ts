import type { ExecutionList, ExecutionSummary } from '@codemode/shared'

/** Executions that were read so far, newest first, and the cursor of the rest. */
export interface ListState {
  readonly items: readonly ExecutionSummary[]
  /** Cursor of the executions behind these; null if there are none. */
  readonly nextCursor: string | null
  /** Newest executions that do not join those of the list, because others between them were not read; absent mostly. */
  readonly newest?: ExecutionList
}

/** Returns the state after the first page was read. */
export function firstPage({ items, nextCursor }: ExecutionList): ListState {
  return { items, nextCursor }
}

/** Returns the state after a page behind the end of the list was read. */
export function withMore(state: ListState, { items, nextCursor }: ExecutionList): ListState {
  return { ...state, items: merged(state.items, items), nextCursor }
}

/**
 * Returns the state after the newest executions were read again. If there may be others between them and those of the list, the list
 * begins anew with them, unless it is held because somebody reads further down.
 */
export function withNewest(state: ListState, page: ExecutionList, isHeld: boolean): ListState {
  const known = new Set(state.items.map(({ executionId }) => executionId))
  const isJoined = page.nextCursor === null || page.items.some(({ executionId }) => known.has(executionId))
  if (isJoined) return withPageAgain({ items: state.items, nextCursor: state.nextCursor }, page, undefined)
  return isHeld ? { ...state, newest: page } : firstPage(page)
}

/**
 * Returns the state after a page of the list was read again. `after` is the last execution before the page. What the page no
 * longer has does not match the filters any more.
 */
export function withPageAgain(state: ListState, page: ExecutionList, after: ExecutionSummary | undefined): ListState {
  const last = page.items.at(-1)
  const isInRange = (item: ExecutionSummary) =>
    (after === undefined || isOlder(item, after)) &&
    (page.nextCursor === null || (last !== undefined && !isOlder(item, last)))
  const others = state.items.filter((item) => !isInRange(item))
  const isEnd = page.nextCursor === null || isEndOf(state, last)
  return { ...state, items: merged(others, page.items), ...(isEnd && { nextCursor: page.nextCursor }) }
}

/** Returns whether an execution is the last one of the list, or older. */
export function isEndOf({ items }: ListState, item: ExecutionSummary | undefined): boolean {
  const end = items.at(-1)
  return item === undefined || end === undefined || item.executionId === end.executionId || isOlder(item, end)
}

/** Returns the executions that are not newer than a given one. */
export function notNewerThan(items: readonly ExecutionSummary[], top: ExecutionSummary): readonly ExecutionSummary[] {
  return items.filter((item) => item.executionId === top.executionId || isOlder(item, top))
}

function merged(before: readonly ExecutionSummary[], after: readonly ExecutionSummary[]): ExecutionSummary[] {
  const byId = new Map(before.map((item) => [item.executionId, item]))
  for (const item of after) byId.set(item.executionId, item)
  return [...byId.values()].sort((a, b) => (isOlder(a, b) ? 1 : -1))
}

function isOlder(a: ExecutionSummary, b: ExecutionSummary): boolean {
  return a.createdAt === b.createdAt ? a.executionId < b.executionId : a.createdAt < b.createdAt
}
