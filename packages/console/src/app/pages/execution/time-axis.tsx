import { formatDuration } from '../../text/durations.ts'
import { ticks, type TimeScale } from '../../timeline/time-scale.ts'
import type { TimelineWindow } from './use-window.ts'

const labelCount = 6

/** Labels of the time axis: the time since the execution was accepted. */
export function TimeAxis({ scale, start, view }: { scale: TimeScale; start: number; view: TimelineWindow }) {
  const length = view.to - view.from
  return (
    <div class="axis" aria-hidden="true">
      {ticks(view, labelCount).map((position) => (
        <span key={position} class="tick" style={{ left: `${((position - view.from) / length) * 100}%` }}>
          {formatDuration(scale.time(position) - start)}
        </span>
      ))}
    </div>
  )
}
