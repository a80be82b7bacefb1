import type { ExecutionSummary } from '@codemode/shared'
import { useRef } from 'preact/hooks'

import { listExecutions } from '../../api/executions.ts'
import type { ApiError } from '../../api/request.ts'
import { useResource } from '../../api/use-resource.ts'
import { apiFilters, type PageFilters } from './filters.ts'
import { firstPage, isEndOf, notNewerThan, withMore, withNewest, withPageAgain, type ListState } from './list-state.ts'

/** Milliseconds between two reads of the newest executions. */
const everyMs = 2_000
const pageSize = 200

/** List of executions that stays up to date. */
export interface Executions {
  /** Executions to show, newest first; undefined until they were read. */
  readonly items: readonly ExecutionSummary[] | undefined
  /** Number of newer executions that are not among them while the list is held. */
  readonly newCount: number
  readonly error: ApiError | undefined
  readonly reload: () => void
  /** Reads the next page, unless there is none or one is being read. */
  readonly loadMore: () => void
  /** Holds the list, so that new executions do not move it, or lets them in. */
  readonly hold: (isHeld: boolean) => void
}

interface Progress {
  readonly key: string
  wantsMore: boolean
  /** Newest execution that is shown while the list is held. */
  top: ExecutionSummary | undefined
  /** Page that is read again next: its cursor, and the execution before it. */
  next: { readonly cursor: string; readonly after: ExecutionSummary } | undefined
}

/** Reads the executions that match the filters: the newest at once and every two seconds, older ones on demand. */
export function useExecutions(filters: PageFilters): Executions {
  const key = JSON.stringify(filters)
  const state = useRef<Progress>({ key, wantsMore: false, top: undefined, next: undefined })
  if (state.current.key !== key) state.current = { key, wantsMore: false, top: undefined, next: undefined }
  const progress = state.current

  const { value, error, reload } = useResource<ListState>(
    key,
    async (signal, previous) => {
      const query = apiFilters(filters, Date.now())
      const read = (cursor?: string) => listExecutions(query, { cursor, limit: pageSize, signal })
      if (previous === undefined) return firstPage(await read())
      if (progress.wantsMore && previous.nextCursor !== null) {
        const more = await read(previous.nextCursor)
        // Until here, it is still wanted after an error, or if another read took the place of this one.
        progress.wantsMore = false
        return withMore(previous, more)
      }
      const page = await read()
      const list = withNewest(previous, page, progress.top !== undefined)
      // One of the older pages is read again each time, so that their executions do not stay as they were.
      const { cursor, after } = progress.next ?? { cursor: page.nextCursor, after: page.items.at(-1) }
      if (cursor === null || after === undefined || isEndOf(list, after)) {
        progress.next = undefined
        return list
      }
      const older = await read(cursor)
      const last = older.items.at(-1)
      progress.next =
        older.nextCursor === null || last === undefined ? undefined : { cursor: older.nextCursor, after: last }
      return withPageAgain(list, older, after)
    },
    { everyMs: (_, error) => (progress.wantsMore && error === undefined ? 0 : everyMs) },
  )

  const shown = value && progress.top ? notNewerThan(value.items, progress.top) : value?.items
  return {
    items: shown,
    newCount: value === undefined ? 0 : value.items.length - shown!.length + (value.newest?.items.length ?? 0),
    error,
    reload,
    loadMore() {
      if (progress.wantsMore || value?.nextCursor == null) return
      progress.wantsMore = true
      reload()
    },
    hold(isHeld) {
      if (isHeld === (progress.top !== undefined)) return
      progress.top = isHeld ? value?.items[0] : undefined
      if (!isHeld) reload()
    },
  }
}
