import { formatDuration } from '../../text/durations.ts'
import { ticks, type TimeScale } from '../../timeline/time-scale.ts'
import type { TimelineWindow } from './use-window.ts'

const labelCount = 6
/** Maximum number of marks for shortened waits. */
const mostBreaks = 100

/** Labels of the time axis: the time since the execution was accepted. A mark shows where a wait is drawn short. */
export function TimeAxis({ scale, start, view }: { scale: TimeScale; start: number; view: TimelineWindow }) {
  const length = view.to - view.from
  return (
    <div class="axis" aria-hidden="true">
      {ticks(view, labelCount).map((position) => (
        <span key={position} class="tick" style={{ left: `${((position - view.from) / length) * 100}%` }}>
          {formatDuration(scale.time(position) - start)}
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
