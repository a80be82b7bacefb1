import type { RefObject } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'

import type { TimeScale } from '../../timeline/time-scale.ts'

/** Part of the time axis that the timeline shows, in positions of its scale, and ways to change it. */
export interface TimelineWindow {
  readonly from: number
  readonly to: number
  /** True if the window shows the whole axis. */
  readonly isWhole: boolean
  set(from: number, to: number): void
  /** Multiplies the length of the window by a factor, around a share of it. */
  zoom(factor: number, around?: number): void
  /** Moves the window by a share of its length. */
  pan(share: number): void
  /** Shows the whole axis. */
  fit(): void
}

interface Range {
  readonly from: number
  readonly to: number
}

interface WindowOptions {
  readonly scale: TimeScale
  readonly track: RefObject<HTMLElement | null>
  /** Range that was chosen; undefined for the whole axis. */
  readonly range: Range | undefined
  readonly onChange: (range: Range | undefined) => void
}

/** Shortest window in milliseconds. */
const shortest = 0.5
const wheelZoom = 1.2

/**
 * Returns the window of a timeline, which shows a range of its axis. Without a zoom it is the whole axis, also while the axis grows. The wheel zooms with
 * Control and pans with Shift.
 */
export function useWindow({ scale, track, range: chosen, onChange: setChosen }: WindowOptions): TimelineWindow {
  const length = scale.length
  const { from, to } = chosen === undefined ? { from: 0, to: length } : clamped(chosen, length)
  const view = useMemo<TimelineWindow>(() => {
    const set = (nextFrom: number, nextTo: number) => {
      const next = clamped({ from: nextFrom, to: nextTo }, length)
      setChosen(next.from <= 0 && next.to >= length ? undefined : next)
    }
    return {
      from,
      to,
      isWhole: chosen === undefined,
      set,
      zoom(factor, around = 0.5) {
        const center = from + (to - from) * around
        set(center - (center - from) * factor, center + (to - center) * factor)
      },
      pan(share) {
        const step = Math.max(-from, Math.min(length - to, (to - from) * share))
        set(from + step, to + step)
      },
      fit: () => setChosen(undefined),
    }
  }, [from, to, length])
  useWheel(view, track)
  return view
}

function useWheel(view: TimelineWindow, track: RefObject<HTMLElement | null>): void {
  const latest = useRef(view)
  latest.current = view
  useEffect(() => {
    const table = track.current?.closest<HTMLElement>('.timeline-table')
    if (!table) return undefined
    function onWheel(event: WheelEvent): void {
      const isZoom = event.ctrlKey || event.metaKey
      if (!isZoom && !event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return
      event.preventDefault()
      const { left, width } = track.current!.getBoundingClientRect()
      if (isZoom) {
        const around = Math.min(1, Math.max(0, (event.clientX - left) / width))
        latest.current.zoom(event.deltaY > 0 ? wheelZoom : 1 / wheelZoom, around)
      } else latest.current.pan((event.deltaX || event.deltaY) / width)
    }
    // A passive listener could not keep the browser from zooming the page.
    table.addEventListener('wheel', onWheel, { passive: false })
    return () => table.removeEventListener('wheel', onWheel)
  }, [track])
}

function clamped({ from, to }: { from: number; to: number }, length: number): { from: number; to: number } {
  const size = Math.min(length, Math.max(shortest, to - from))
  const start = Math.max(0, Math.min(length - size, from))
  return { from: start, to: start + size }
}
