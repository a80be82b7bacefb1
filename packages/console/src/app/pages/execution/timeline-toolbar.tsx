import type { TimelineFilter } from '../../timeline/matching-rows.ts'
import type { Row, RowKind } from '../../timeline/row.ts'
import type { TimelineWindow } from './use-window.ts'

const kindNames: Readonly<Partial<Record<RowKind, string>>> = {
  call: 'Tool calls',
  log: 'Console',
  turn: 'Turns',
  wait: 'Waits',
  node: 'Nodes and replays',
}

/** Filters and zoom of the timeline. */
export function TimelineToolbar({
  rows,
  filter,
  onFilter,
  isShortened,
  onShorten,
  view,
}: {
  rows: readonly Row[]
  filter: TimelineFilter
  onFilter: (filter: TimelineFilter) => void
  isShortened: boolean
  onShorten: (isShortened: boolean) => void
  view: TimelineWindow
}) {
  const counts = new Map<RowKind, number>()
  for (const { kind } of rows) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  function toggle(kind: RowKind): void {
    const kinds = new Set(filter.kinds)
    if (!kinds.delete(kind)) kinds.add(kind)
    onFilter({ ...filter, kinds })
  }
  return (
    <div class="timeline-tools" role="toolbar" aria-label="Timeline">
      {(Object.keys(kindNames) as RowKind[]).map((kind) => (
        <button
          type="button"
          key={kind}
          class="chip"
          aria-pressed={filter.kinds.has(kind)}
          disabled={!counts.has(kind)}
          onClick={() => toggle(kind)}
        >
          {kindNames[kind]} {(counts.get(kind) ?? 0).toLocaleString()}
        </button>
      ))}
      <button
        type="button"
        class="chip"
        aria-pressed={filter.onlyProblems}
        onClick={() => onFilter({ ...filter, onlyProblems: !filter.onlyProblems })}
      >
        Only problems
      </button>
      <input
        type="search"
        placeholder="Find"
        aria-label="Find rows by name or text"
        value={filter.text}
        onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
      />
      <span class="spacer" />
      <button type="button" class="chip" aria-pressed={isShortened} onClick={() => onShorten(!isShortened)}>
        Shorten waits
      </button>
      <button type="button" aria-label="Zoom in" onClick={() => view.zoom(0.5)}>
        +
      </button>
      <button type="button" aria-label="Zoom out" disabled={view.isWhole} onClick={() => view.zoom(2)}>
        −
      </button>
      <button type="button" disabled={view.isWhole} onClick={() => view.fit()}>
        Show all
      </button>
    </div>
  )
}
