import { useRef, useState } from 'preact/hooks'

import { listExecutions } from '../../api/executions.ts'
import type { ApiError } from '../../api/request.ts'
import { useResource } from '../../api/use-resource.ts'
import { apiFilters, type PageFilters } from './filters.ts'
import { firstPage, withNewFirstPage, withPage, withPageAgain, type ListState } from './list-state.ts'

/** Milliseconds between two reads of the newest executions. */
const everyMs = 2_000
const pageSize = 200

/** List of executions that stays up to date. */
export interface Executions {
  readonly list: ListState | undefined
  readonly error: ApiError | undefined
  readonly reload: () => void
  /** Reads the next page, unless there is none or one is being read. */
  readonly loadMore: () => void
}

/** Reads the executions that match the filters: the newest at once and every two seconds, older ones on demand. */
export function useExecutions(filters: PageFilters): Executions {
  const key = JSON.stringify(filters)
  const more = useRef<{ key: string; wanted: boolean; turn: number }>({ key, wanted: false, turn: 0 })
  if (more.current.key !== key) more.current = { key, wanted: false, turn: 0 }
  const [, setRound] = useState(0)

  const { value, error, reload } = useResource<ListState>(
    key,
    async (signal, previous) => {
      const query = apiFilters(filters, Date.now())
      if (previous === undefined) return firstPage(await listExecutions(query, { limit: pageSize, signal }))
      if (more.current.wanted && previous.nextCursor !== null) {
        const cursor = previous.nextCursor
        const page = await listExecutions(query, { cursor, limit: pageSize, signal })
        more.current.wanted = false
        return withPage(previous, cursor, page)
      }
      const newest = await listExecutions(query, { limit: pageSize, signal })
      const state = withNewFirstPage(previous, newest)
      // One of the older pages is read again each time, so that their executions do not stay as they were.
      const cursor = state.cursors[more.current.turn++ % Math.max(1, state.cursors.length)]
      if (cursor === undefined) return state
      return withPageAgain(state, await listExecutions(query, { cursor, limit: pageSize, signal }))
    },
    { everyMs: () => (more.current.wanted ? 0 : everyMs) },
  )

  function loadMore(): void {
    if (more.current.wanted || value?.nextCursor == null) return
    more.current.wanted = true
    setRound((round) => round + 1)
    reload()
  }
  return { list: value, error, reload, loadMore }
}
