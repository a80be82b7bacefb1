import type { ExecutionSummary } from '@codemode/shared'
import { useEffect, useRef } from 'preact/hooks'

import { executorNow } from '../../api/server-clock.ts'
import { pagePath } from '../../base-path.ts'
import { GuestText } from '../../parts/guest-text.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time, timeZone } from '../../parts/time.tsx'
import { useVirtualRows } from '../../parts/use-virtual-rows.ts'
import { formatDuration } from '../../text/durations.ts'

/** Height of a row in pixels, also in the stylesheet. */
const rowHeight = 44
/** Rows before the end at which the next page is read. */
const rowsAhead = 40

/** Executions in a scrolling table, of which only the rows in view are in the page. */
export function ExecutionRows({
  items,
  selected,
  onSelect,
  onNearEnd,
  onScrolled,
  onSelectAll,
  onClear,
  newCount,
  isSelectable,
}: {
  items: readonly ExecutionSummary[]
  selected: ReadonlySet<string>
  onSelect: (id: string, isSelected: boolean, range: boolean) => void
  onNearEnd: () => void
  /** Called when the list is scrolled away from its top, or back. */
  onScrolled: (isScrolled: boolean) => void
  onSelectAll: () => void
  onClear: () => void
  /** Number of newer executions that are not shown. */
  newCount: number
  isSelectable: boolean
}) {
  const box = useRef<HTMLDivElement>(null)
  const rows = useVirtualRows({ count: items.length, rowHeight, scrollElement: box })
  const last = rows.items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= items.length - rowsAhead) onNearEnd()
  }, [last, items.length])
  return (
    <div class="table" role="table" aria-label="Executions" aria-rowcount={items.length}>
      {newCount > 0 && (
        <button
          type="button"
          class="chip new-rows"
          onClick={() => {
            onClear()
            box.current!.scrollTop = 0
          }}
        >
          {newCount.toLocaleString()} new
        </button>
      )}
      <div
        class="table-body"
        role="rowgroup"
        ref={box}
        tabIndex={0}
        aria-label="Rows"
        onScroll={(event) => onScrolled(event.currentTarget.scrollTop > 0)}
      >
        <div class="table-head" role="row">
          <span role="columnheader" class="cell-select">
            {isSelectable ? (
              <input
                type="checkbox"
                aria-label={`Select all ${items.length} that are loaded`}
                checked={selected.size > 0 && selected.size >= items.length}
                onClick={(event) => (event.currentTarget.checked ? onSelectAll() : onClear())}
              />
            ) : (
              <span class="visually-hidden">Selected</span>
            )}
          </span>
          <span role="columnheader">Status</span>
          <span role="columnheader">Execution</span>
          <span role="columnheader" class="cell-error">
            Error
          </span>
          <span role="columnheader" class="cell-owner">
            Owner
          </span>
          <span role="columnheader" class="cell-time" title={`Times are in the zone ${timeZone}`}>
            Created <span class="quiet">({timeZone})</span>
          </span>
          <span role="columnheader" class="cell-number">
            Duration
          </span>
        </div>
        <div class="table-rows" role="presentation" style={{ height: `${rows.height}px` }}>
          {rows.items.map(({ index, start }) => {
            const item = items[index]!
            return (
              <ExecutionRow
                key={item.executionId}
                item={item}
                top={start}
                index={index}
                isSelected={selected.has(item.executionId)}
                onSelect={isSelectable ? onSelect : undefined}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

function ExecutionRow({
  item,
  top,
  index,
  isSelected,
  onSelect,
}: {
  item: ExecutionSummary
  top: number
  index: number
  isSelected: boolean
  onSelect: ((id: string, isSelected: boolean, range: boolean) => void) | undefined
}) {
  const { executionId, status, label, error, owner, createdAt, detached } = item
  return (
    <div
      class={`table-row ${isSelected ? 'table-row-selected' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
      onClick={openFromRow}
    >
      <span role="cell" class="cell-select">
        {onSelect && (
          <input
            type="checkbox"
            checked={isSelected}
            aria-label={`Select ${executionId}`}
            onClick={(event) => onSelect(executionId, event.currentTarget.checked, event.shiftKey)}
          />
        )}
      </span>
      <span role="cell">
        <StatusBadge status={status} />
      </span>
      <span role="cell" class="cell-name">
        <a href={pagePath(`/executions/${executionId}`)} class="row-link">
          {label === undefined ? <code>{executionId}</code> : <GuestText text={label} maxLength={200} />}
        </a>
        <span class="quiet cell-id">
          {label !== undefined && <code>{executionId}</code>} {detached && <span>detached</span>}
        </span>
      </span>
      <span role="cell" class="cell-error">
        {error && (
          <>
            <strong>{error.code}</strong>{' '}
            <span class="cell-message">
              <GuestText text={error.message} maxLength={200} />
            </span>
          </>
        )}
      </span>
      <span role="cell" class="cell-owner">
        <GuestText text={owner} maxLength={60} />
      </span>
      <span role="cell" class="cell-time">
        <Time at={createdAt} />
      </span>
      <span role="cell" class="cell-number">
        {durationOf(item)}
      </span>
    </div>
  )
}

/** Follows the link of a row for a click on an empty part of it, with the same keys held. */
function openFromRow(event: MouseEvent & { readonly currentTarget: HTMLElement }): void {
  const { target, currentTarget, ctrlKey, metaKey, shiftKey } = event
  if (!(target instanceof Element) || target.closest('a, .cell-select') !== null) return
  // Text is being selected.
  if (getSelection()?.isCollapsed === false) return
  const click = new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey })
  currentTarget.querySelector('.row-link')!.dispatchEvent(click)
}

function durationOf({ startedAt, finishedAt }: ExecutionSummary): string {
  if (startedAt === undefined) return ''
  const end = finishedAt === undefined ? executorNow() : Date.parse(finishedAt)
  return formatDuration(Math.max(0, end - Date.parse(startedAt)))
}
