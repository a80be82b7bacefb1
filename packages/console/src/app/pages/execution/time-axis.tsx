import { formatSince } from '../../text/durations.ts'
import { ticks, type TimeScale } from '../../timeline/time-scale.ts'
import type { TimelineWindow } from './use-window.ts'

/** Width in pixels of a label, and the distance of two labels. */
const labelPx = { width: 48, distance: 110 }
/** Maximum number of marks for shortened waits. */
const mostBreaks = 100

/**
 * Labels of the time axis: the time since a node began to run the execution, so that the queue is before 0. A mark shows
 * where a wait is drawn short.
 */
export function TimeAxis({
  scale,
  began,
  view,
  trackPx,
}: {
  scale: TimeScale
  began: number
  view: TimelineWindow
  trackPx: number
}) {
  const length = view.to - view.from
  const zero = scale.position(began)
  const labelCount = Math.max(2, Math.floor(trackPx / labelPx.distance))
  // A label that the end of the axis would cut is left out.
  const last = view.to - (labelPx.width / trackPx) * length
  const positions = ticks({ from: view.from - zero, to: last - zero }, labelCount).map((position) => position + zero)
  return (
    <div class="axis" aria-hidden="true">
      {positions.map((position) => (
        <span key={position} class="tick" style={{ left: `${((position - view.from) / length) * 100}%` }}>
          {formatSince(scale.time(position) - began)}
        </span>
      ))}
      {scale.breaks
        .filter((position) => position >= view.from && position <= view.to)
        .slice(0, mostBreaks)
        .map((position) => (
          <span
            key={`break-${position}`}
            class="break"
            title="A wait that is drawn short"
            style={{ left: `${((position - view.from) / length) * 100}%` }}
          />
        ))}
    </div>
  )
}
