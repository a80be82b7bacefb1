import { useLocation } from 'preact-iso'
import { useEffect, useRef, useState } from 'preact/hooks'

import { queryOf } from '../../text/query.ts'
import type { TimelineFilter } from '../../timeline/matching-rows.ts'
import { allKinds } from '../../timeline/row.ts'

/** Milliseconds without a change after which the URL gets it. */
const settleMs = 300

/** Filters, range and selected row of the timeline, as the URL of the page has them. */
export interface TimelineQuery {
  readonly selected: string | undefined
  readonly filter: TimelineFilter
  /** Part of the time axis that is shown; undefined for the whole. */
  readonly range: { readonly from: number; readonly to: number } | undefined
  /** True if long waits are drawn shorter, on which the positions of the range depend. */
  readonly isShortened: boolean
  readonly select: (id: string | undefined) => void
  readonly setFilter: (filter: TimelineFilter) => void
  readonly setRange: (range: { from: number; to: number } | undefined) => void
  readonly setShortened: (isShortened: boolean) => void
}

/** Returns the filters, the range and the selected row. A change replaces the URL when it has settled, so that a link shows the same. */
export function useTimelineQuery(): TimelineQuery {
  const { query, path, route } = useLocation()
  const [filter, setFilter] = useState(() => filterOf(query))
  const [range, setRange] = useState(() => rangeOf(query['view']))
  const [isShortened, setShortened] = useState(query['waits'] !== 'full')
  const { row: selected } = query
  const latest = useRef({ query, path })
  latest.current = { query, path }

  function show(changes: Readonly<Record<string, string | undefined>>): void {
    route(`${latest.current.path}${queryOf({ ...latest.current.query, ...changes })}`, true)
  }

  const isFirst = useRef(true)
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false
      return undefined
    }
    const timer = setTimeout(
      () => show({ ...queryOfFilter(filter), view: textOf(range), waits: isShortened ? undefined : 'full' }),
      settleMs,
    )
    return () => clearTimeout(timer)
  }, [filter, range, isShortened])

  const select = (row: string | undefined): void => show({ row })
  return { selected, filter, range, isShortened, select, setFilter, setRange, setShortened }
}

function filterOf({ rows, find = '', problems }: Readonly<Record<string, string>>): TimelineFilter {
  const named = rows?.split(',') ?? []
  const kinds = rows === undefined ? allKinds : new Set([...allKinds].filter((kind) => named.includes(kind)))
  return { kinds, text: find, onlyProblems: problems === '1' }
}

function queryOfFilter({ kinds, text, onlyProblems }: TimelineFilter): Record<string, string | undefined> {
  return {
    rows: kinds.size === allKinds.size ? undefined : [...allKinds].filter((kind) => kinds.has(kind)).join(','),
    find: text === '' ? undefined : text,
    problems: onlyProblems ? '1' : undefined,
  }
}

function rangeOf(text: string | undefined): { from: number; to: number } | undefined {
  const [from, to] = (text ?? '').split('-').map(Number)
  return from !== undefined && to !== undefined && from < to ? { from, to } : undefined
}

function textOf(range: { from: number; to: number } | undefined): string | undefined {
  return range && `${range.from.toFixed(1)}-${range.to.toFixed(1)}`
}
