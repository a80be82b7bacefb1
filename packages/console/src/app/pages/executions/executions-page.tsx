import type { ConsoleSession, ExecutionSummary } from '@codemode/shared'
import { useLocation } from 'preact-iso'
import { useEffect, useRef, useState } from 'preact/hooks'

import { countExecutions } from '../../api/executions.ts'
import { useResource } from '../../api/use-resource.ts'
import { pagePath } from '../../base-path.ts'
import { EmptyNotice, ErrorNotice, Loading } from '../../parts/notice.tsx'
import { RetentionNote } from '../../parts/retention-note.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { useSession } from '../../session-context.ts'
import { BulkBar } from './bulk-bar.tsx'
import { ExecutionRows } from './execution-rows.tsx'
import { FilterBar } from './filter-bar.tsx'
import { bucketCount, chartInterval, filtersOf, queryOfFilters, rangeLongerThan, type PageFilters } from './filters.ts'
import { rememberList } from './last-list.ts'
import { OutcomeChart } from './outcome-chart.tsx'
import { useExecutions } from './use-executions.ts'

/** Milliseconds between two reads of the counts. */
const countsEveryMs = 5_000

/** Page with the executions of the tenant: filters, counts by outcome, and the list. */
export function ExecutionsPage() {
  useTitle('Executions')
  const { query, route } = useLocation()
  const session = useSession()
  const filters = shownFilters(query, session)
  const { items, newCount, error, reload, loadMore, hold } = useExecutions(filters)
  const selection = useSelection(items)
  const [isScrolled, setIsScrolled] = useState(false)
  const selected = (items ?? []).filter(({ executionId }) => selection.ids.has(executionId))
  // New executions move the list only while nobody reads further down or has selected some.
  const isHeld = isScrolled || selected.length > 0
  const filterKey = JSON.stringify(filters)
  useEffect(() => rememberList(location.search), [filterKey])
  // The list of other filters begins at its top.
  useEffect(() => setIsScrolled(false), [filterKey])
  useEffect(() => hold(isHeld), [isHeld])
  const counts = useCounts(filters)
  const show = (next: PageFilters, replaces = false) => route(pagePath('/executions', queryOfFilters(next)), replaces)
  // A typed filter is applied later: what else has changed meanwhile is in the URL, and not yet in what is shown.
  const change = (part: Partial<PageFilters>, isTyped = false) =>
    show({ ...filtersOf(currentQuery()), ...part }, isTyped)

  return (
    <div class="page page-list">
      <h1 class="visually-hidden">Executions</h1>
      <FilterBar
        filters={filters}
        hasRanges={session.stores !== 'nothing'}
        onChange={change}
        onOpen={(id) => route(pagePath(`/executions/${encodeURIComponent(id)}`))}
      />
      <OutcomeChart counts={counts.value} error={counts.error} filters={filters} onChange={change} />
      {items?.length !== 0 && <RetentionNote />}
      {error !== undefined && (
        <div class={items === undefined ? '' : 'floating floating-error'}>
          <ErrorNotice error={error} onRetry={reload} />
        </div>
      )}
      <BulkBar selected={selected} onClear={selection.clear} onDone={reload} />
      {items === undefined ? (
        error === undefined && <Loading of="executions" rows={10} />
      ) : items.length === 0 ? (
        <NoExecutions filters={filters} onShowAll={() => show({ ...filtersOf({}), range: '31d' })} />
      ) : (
        <ExecutionRows
          items={items}
          newCount={newCount}
          onScrolled={setIsScrolled}
          onSelectAll={selection.selectAll}
          onClear={selection.clear}
          selected={selection.ids}
          onSelect={selection.select}
          onNearEnd={loadMore}
          isSelectable={session.mode === 'on' && session.rights.some((right) => right === 'run' || right === 'operate')}
        />
      )}
    </div>
  )
}

const currentQuery = () => Object.fromEntries(new URLSearchParams(location.search))

function useCounts(filters: PageFilters) {
  const { label, session, range, interval } = filters
  return useResource(
    JSON.stringify({ label, session, range, interval }),
    (signal) =>
      countExecutions({ ...chartInterval(filters, Date.now()), buckets: bucketCount, label, session }, signal),
    { everyMs: () => countsEveryMs },
  )
}

/** Selected executions. A click with Shift selects all from the last one that was selected. */
function useSelection(items: readonly ExecutionSummary[] | undefined) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const last = useRef<string | undefined>(undefined)
  const loaded = items?.length
  useEffect(() => {
    if (loaded === undefined) setIds(new Set())
  }, [loaded])
  function select(id: string, isSelected: boolean, isRange: boolean): void {
    const all = (items ?? []).map(({ executionId }) => executionId)
    const from = isRange && last.current !== undefined ? all.indexOf(last.current) : -1
    const to = all.indexOf(id)
    const range = from < 0 ? [id] : all.slice(Math.min(from, to), Math.max(from, to) + 1)
    last.current = id
    setIds((before) => {
      const next = new Set(before)
      for (const one of range)
        if (isSelected) next.add(one)
        else next.delete(one)
      return next
    })
  }
  return {
    ids,
    select,
    selectAll: () => setIds(new Set((items ?? []).map(({ executionId }) => executionId))),
    clear: () => setIds(new Set()),
  }
}

function NoExecutions({ filters, onShowAll }: { filters: PageFilters; onShowAll: () => void }) {
  const { status, label, session, interval, range } = filters
  const { stores } = useSession()
  const isFiltered = status !== 'all' || label !== undefined || session !== undefined || interval !== undefined
  // What is not stored is shown whenever it ran.
  const hasMore = isFiltered || (range !== '31d' && stores !== 'nothing')
  return (
    <EmptyNotice
      title={
        isFiltered
          ? 'No execution matches these filters'
          : stores === 'nothing'
            ? 'There are no executions now'
            : 'There are no executions in this time'
      }
    >
      {label !== undefined && <p>Labels are compared as a whole.</p>}
      <RetentionNote />
      <p>
        {hasMore ? (
          <button type="button" onClick={onShowAll}>
            {stores === 'nothing' ? 'Show all' : 'Show all of the last 31 days'}
          </button>
        ) : (
          'Run some code with a client of this executor; it appears here at once.'
        )}
      </p>
    </EmptyNotice>
  )
}

/** Returns the filters in a query string. Without stored executions, the range has all that are in memory. */
function shownFilters(query: Readonly<Record<string, string>>, { stores, retainMs }: ConsoleSession): PageFilters {
  const filters = filtersOf(query)
  return stores === 'nothing' ? { ...filters, range: rangeLongerThan(retainMs) } : filters
}
