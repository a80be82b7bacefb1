import type { Row } from '../../timeline/row.ts'
import type { TimelineWindow } from './use-window.ts'

interface Keys {
  readonly rows: readonly Row[]
  /** Index of the selected row; -1 if none is. */
  readonly index: number
  readonly onSelect: (id: string | undefined) => void
  readonly view: TimelineWindow
}

const pageRows = 15

/** Returns the keyboard handler of the timeline: arrows select and pan, plus and minus zoom, 0 shows all. */
export function useTimelineKeys({ rows, index, onSelect, view }: Keys): (event: KeyboardEvent) => void {
  function select(next: number): void {
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))]
    if (row !== undefined) onSelect(row.id)
  }
  const actions: Readonly<Record<string, () => void>> = {
    ArrowDown: () => select(index + 1),
    ArrowUp: () => select(index - 1),
    PageDown: () => select(index + pageRows),
    PageUp: () => select(index - pageRows),
    Home: () => select(0),
    End: () => select(rows.length - 1),
    ArrowLeft: () => view.pan(-0.2),
    ArrowRight: () => view.pan(0.2),
    '+': () => view.zoom(0.5),
    '=': () => view.zoom(0.5),
    '-': () => view.zoom(2),
    '0': () => view.fit(),
    Escape: () => onSelect(undefined),
  }
  return function onKeyDown(event) {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  }
}
