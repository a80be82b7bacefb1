import type { Row } from './row.ts'

/** Mapping between times and positions. Positions are milliseconds on an axis on which long waits may be shortened. */
export interface TimeScale {
  /** Length of the whole axis. */
  readonly length: number
  /** Positions in the middle of waits that are shortened, so that equal distances are not equal durations there. */
  readonly breaks: readonly number[]
  /** Returns the position of a time. */
  position(time: number): number
  /** Returns the time at a position. */
  time(position: number): number
}

/** Share of the active time to which a long wait is shortened. */
const longestWait = 0.05
/** Milliseconds from which a wait is long, if its shortening saves half of it or more. */
const longWaitMs = 1_000

interface Interval {
  readonly start: number
  readonly end: number
}

/** Returns the scale on which each position is the time since the start. */
export function linearScale({ start, end }: Interval): TimeScale {
  return {
    length: Math.max(1, end - start),
    breaks: [],
    position: (time) => time - start,
    time: (position) => start + position,
  }
}

/** Returns a scale on which long waits without a turn or a running tool call are short. */
export function shortenedScale(rows: readonly Row[], span: Interval): TimeScale {
  const active = activeIntervals(rows, span)
  const activeMs = active.reduce((sum, { start, end }) => sum + end - start, 0)
  // Beside nothing, no wait is long.
  if (activeMs === 0) return linearScale(span)
  const longest = Math.max(1, activeMs * longestWait)
  const pieces: { start: number; end: number; position: number; factor: number }[] = []
  let position = 0
  let time = span.start
  function add(end: number, isActive: boolean): void {
    if (end <= time) return
    const isLong = end - time >= Math.max(longWaitMs, 2 * longest)
    const factor = !isActive && isLong ? longest / (end - time) : 1
    pieces.push({ start: time, end, position, factor })
    position += (end - time) * factor
    time = end
  }
  for (const { start, end } of active) {
    add(start, false)
    add(end, true)
  }
  add(span.end, false)
  if (pieces.every(({ factor }) => factor === 1)) return linearScale(span)
  const pieceAt = (is: (piece: (typeof pieces)[number]) => boolean) => pieces[Math.max(0, lastIndexWhere(pieces, is))]!
  return {
    length: Math.max(1, position),
    breaks: pieces
      .filter(({ factor }) => factor < 1)
      .map(({ start, end, position: from, factor }) => from + ((end - start) * factor) / 2),
    position(at) {
      const piece = pieceAt(({ start }) => start <= at)
      return piece.position + (at - piece.start) * piece.factor
    },
    time(at) {
      const piece = pieceAt((candidate) => candidate.position <= at)
      return piece.start + (at - piece.position) / piece.factor
    },
  }
}

/** Returns the intervals in which a turn or a tool call runs, merged and in order. */
function activeIntervals(rows: readonly Row[], span: Interval): Interval[] {
  const intervals = rows
    .flatMap(({ kind, segments }) => (kind === 'turn' || kind === 'call' ? segments : []))
    .filter(({ tone }) => tone !== 'wait' && tone !== 'approval')
    .map(({ start, end = span.end }) => ({ start, end }))
    .sort((a, b) => a.start - b.start)
  const merged: Interval[] = []
  for (const { start, end } of intervals) {
    const last = merged.at(-1)
    if (last !== undefined && start <= last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, end) }
    else merged.push({ start, end })
  }
  return merged
}

/** Returns the index of the last item of a sorted list for which `is` holds; -1 if there is none. */
function lastIndexWhere<Item>(items: readonly Item[], is: (item: Item) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (is(items[middle]!)) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Returns the positions of the labels of an axis that shows a window of a scale, about `count` of them. */
export function ticks({ from, to }: { from: number; to: number }, count: number): number[] {
  const rough = (to - from) / count
  if (!(rough > 0)) return [from]
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= rough)!
  const first = Math.ceil(from / step)
  const last = Math.floor(to / step)
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
}
