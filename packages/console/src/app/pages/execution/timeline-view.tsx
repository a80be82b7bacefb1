import { useEffect, useMemo, useRef } from 'preact/hooks'

import { executorNow } from '../../api/server-clock.ts'
import { useVirtualRows } from '../../parts/use-virtual-rows.ts'
import { matchingRows } from '../../timeline/matching-rows.ts'
import type { Row } from '../../timeline/row.ts'
import { linearScale, shortenedScale } from '../../timeline/time-scale.ts'
import type { Timeline } from '../../timeline/timeline.ts'
import { Minimap } from './minimap.tsx'
import { RowDetails } from './row-details.tsx'
import { TimeAxis } from './time-axis.tsx'
import { TimelineRow } from './timeline-row.tsx'
import { TimelineToolbar } from './timeline-toolbar.tsx'
import { useTimelineKeys } from './use-timeline-keys.ts'
import type { TimelineQuery } from './use-timeline-query.ts'
import { useWindow } from './use-window.ts'

/** Height of a row in pixels, also in the stylesheet. */
const rowHeight = 28

/** Height of the head of the table, and the least and largest height of the table. */
const headHeight = 30
const heights = { least: 200, largest: 480 }

/** Waterfall of an execution: a row for each turn, tool call, console entry and wait, on one time axis. */
export function TimelineView({ timeline, query }: { timeline: Timeline; query: TimelineQuery }) {
  const { selected, filter, isShortened, select } = query
  const { start, began } = timeline
  // What still lasts is drawn until now.
  const end = timeline.hasEnded ? timeline.end : Math.max(timeline.end, executorNow())
  const rows = useMemo(() => matchingRows(timeline.rows, filter), [timeline, filter])
  const scales = useMemo(
    () => ({ shortened: shortenedScale(timeline.rows, { start, end }), linear: linearScale({ start, end }) }),
    [timeline, end],
  )
  const scale = isShortened ? scales.shortened : scales.linear
  const track = useRef<HTMLDivElement>(null)
  // Before the first rendering, the width is not known.
  const trackPx = track.current?.clientWidth || 600
  const view = useWindow({ scale, track, range: query.range, onChange: query.setRange })
  const box = useRef<HTMLDivElement>(null)
  const details = useRef<HTMLElement>(null)
  const virtual = useVirtualRows({ count: rows.length, rowHeight, scrollElement: box })
  const index = rows.findIndex(({ id }) => id === selected)
  const shown = timeline.rows.find(({ id }) => id === selected)
  const onKeyDown = useTimelineKeys({ rows, index, onSelect: select, view })
  function closeDetails(): void {
    select(undefined)
    box.current!.focus()
  }
  /** Changes the scale, and keeps the part of the time that is shown. */
  function shorten(next: boolean): void {
    const to = next ? scales.shortened : scales.linear
    query.setShortened(next)
    if (!view.isWhole)
      query.setRange({ from: to.position(scale.time(view.from)), to: to.position(scale.time(view.to)) })
  }
  const isFirst = useRef(true)
  useEffect(() => {
    const isOpened = !isFirst.current
    isFirst.current = false
    if (index < 0) return
    virtual.scrollTo(index)
    if (document.activeElement === box.current) return
    // A row that is selected elsewhere, such as by a link, may be out of view with the whole table. In a narrow window its details are below that.
    box.current!.scrollIntoView({ block: 'nearest' })
    if (isOpened) details.current?.scrollIntoView({ block: 'nearest' })
  }, [selected, index < 0])

  return (
    <section class="timeline" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <TimelineToolbar
        rows={timeline.rows}
        filter={filter}
        onFilter={query.setFilter}
        isShortened={isShortened}
        onShorten={shorten}
        view={view}
      />
      <Minimap rows={timeline.rows} scale={scale} end={end} view={view} />
      <div class={`timeline-body ${shown ? 'timeline-with-details' : ''}`}>
        <div class="timeline-table" style={{ height: `${heightOf(timeline)}px` }}>
          <div class="timeline-head">
            <span class="timeline-name">{rows.length === 1 ? '1 row' : `${rows.length.toLocaleString()} rows`}</span>
            <div class="timeline-track" ref={track}>
              <TimeAxis scale={scale} began={began} view={view} trackPx={trackPx} />
            </div>
          </div>
          {rows.length === 0 && (
            <p class="quiet timeline-none" role="status">
              No row matches
            </p>
          )}
          <div
            class="timeline-rows"
            ref={box}
            role="listbox"
            tabIndex={0}
            aria-label="Rows of the timeline"
            aria-activedescendant={index >= 0 ? `row-${selected}` : undefined}
            onKeyDown={onKeyDown}
          >
            <div role="presentation" style={{ height: `${virtual.height}px` }}>
              {virtual.items.map((item) => {
                const row: Row = rows[item.index]!
                return (
                  <TimelineRow
                    key={row.id}
                    row={row}
                    top={item.start}
                    isSelected={row.id === selected}
                    scale={scale}
                    view={view}
                    trackPx={trackPx}
                    end={end}
                    onSelect={select}
                  />
                )
              })}
            </div>
          </div>
        </div>
        {shown && <RowDetails element={details} row={shown} began={began} onClose={closeDetails} />}
      </div>
    </section>
  )
}

/** Returns the height of the table. While an execution runs it is the largest, so that new rows move nothing. */
function heightOf({ rows, hasEnded }: Timeline): number {
  const height = headHeight + rows.length * rowHeight
  return hasEnded ? Math.max(heights.least, Math.min(heights.largest, height)) : heights.largest
}
