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
  trackPx,
  end,
  onSelect,
}: {
  row: Row
  top: number
  isSelected: boolean
  scale: TimeScale
  view: TimelineWindow
  /** Width of the time axis in pixels. */
  trackPx: number
  end: number
  onSelect: (id: string) => void
}) {
  const length = view.to - view.from
  const share = (time: number) => (scale.position(time) - view.from) / length
  const last = endOf(row) ?? end
  const duration = last - startOf(row)
  const label = duration > 0 ? labelPosition(share(startOf(row)), share(last), labelPx / trackPx) : undefined
  return (
    <div
      id={`row-${row.id}`}
      class={`timeline-row kind-${row.kind} ${isSelected ? 'timeline-row-selected' : ''}`}
      role="option"
      aria-selected={isSelected}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(row.id)}
    >
      <RowName row={row} />
      <span class="timeline-track">
        {row.segments.map((segment, index) => (
          <Bar key={index} segment={segment} share={share} end={end} />
        ))}
        {label !== undefined && (
          <span class="timeline-duration" style={label}>
            {formatDuration(duration)}
            {endOf(row) === undefined && '…'}
          </span>
        )}
      </span>
    </div>
  )
}

/**
 * Name of a row, and of a call its number, which is never cut; then the note and the beginning of the input, which are
 * cut first.
 */
function RowName({ row: { kind, name, note = '', input, tone } }: { row: Row }) {
  const numberLength = kind === 'call' ? note.indexOf(' ') : 0
  return (
    <span class="timeline-name">
      <span class={`dot tone-${tone}`} aria-hidden="true" />
      <span class="row-name">
        <GuestText text={name} maxLength={128} />
      </span>{' '}
      {numberLength > 0 && <span class="quiet row-number">{note.slice(0, numberLength)}</span>}{' '}
      <span class="quiet row-note">
        <GuestText text={firstLine(note.slice(numberLength)).trim()} maxLength={160} />{' '}
        {input !== undefined && (
          <code class="timeline-input">
            <GuestText text={input} maxLength={60} />
          </code>
        )}
      </span>
    </span>
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

/** Width in pixels that a label takes, with the space around it. */
const labelPx = 76

/**
 * Returns the position of the label of a bar: behind it if there is room, otherwise before it, or on it. There is none
 * for a bar out of view.
 */
function labelPosition(from: number, to: number, labelShare: number): Record<string, string> | undefined {
  if (to < 0 || from > 1) return undefined
  if (to <= 1 - labelShare) return { left: `${to * 100}%` }
  return from >= labelShare ? { right: `${(1 - from) * 100}%` } : { right: '0' }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!
