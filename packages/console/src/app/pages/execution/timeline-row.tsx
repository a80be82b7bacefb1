import { GuestText } from '../../parts/guest-text.tsx'
import { formatDuration } from '../../text/durations.ts'
import { endOf, startOf, type Row, type Segment } from '../../timeline/row.ts'
import type { TimeScale } from '../../timeline/time-scale.ts'
import type { TimelineWindow } from './use-window.ts'

/** Row of the timeline: its name, and its bar on the time axis. */
export function TimelineRow({
  row,
  top,
  isSelected,
  scale,
  view,
  end,
  onSelect,
}: {
  row: Row
  top: number
  isSelected: boolean
  scale: TimeScale
  view: TimelineWindow
  end: number
  onSelect: (id: string) => void
}) {
  const length = view.to - view.from
  const share = (time: number) => (scale.position(time) - view.from) / length
  const last = endOf(row) ?? end
  const duration = last - startOf(row)
  return (
    <div
      id={`row-${row.id}`}
      class={`timeline-row kind-${row.kind} ${isSelected ? 'timeline-row-selected' : ''}`}
      role="option"
      aria-selected={isSelected}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(row.id)}
    >
      <span class="timeline-name">
        <span class={`dot tone-${row.tone}`} aria-hidden="true" />
        <GuestText text={row.name} maxLength={128} />
        {row.note !== undefined && (
          <span class="quiet">
            {' '}
            <GuestText text={firstLine(row.note)} maxLength={160} />
          </span>
        )}
      </span>
      <span class="timeline-track">
        {row.segments.map((segment, index) => (
          <Bar key={index} segment={segment} share={share} end={end} />
        ))}
        {duration > 0 && (
          <span class="timeline-duration" style={labelPosition(share(startOf(row)), share(last))}>
            {formatDuration(duration)}
            {endOf(row) === undefined && '…'}
          </span>
        )}
      </span>
    </div>
  )
}

function Bar({ segment, share, end }: { segment: Segment; share: (time: number) => number; end: number }) {
  const from = Math.max(-0.01, share(segment.start))
  const to = Math.min(1.01, share(segment.end ?? end))
  if (to < 0 || from > 1) return null
  // A mark at the end of the axis stays in view.
  const left = `min(${from * 100}%, calc(100% - 6px))`
  return <span class={`bar tone-${segment.tone}`} style={{ left, width: `${(to - from) * 100}%` }} />
}

/** Share of the track that a label beside a bar needs. */
const labelShare = 0.1

/** Returns the position of the label of a bar: behind it if there is room, otherwise before it. */
function labelPosition(from: number, to: number): Record<string, string> {
  if (to <= 1 - labelShare) return { left: `${Math.max(0, to) * 100}%` }
  return from >= labelShare ? { right: `${(1 - from) * 100}%` } : { right: '0' }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!
