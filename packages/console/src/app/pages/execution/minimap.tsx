import { useEffect, useRef } from 'preact/hooks'

import type { Row } from '../../timeline/row.ts'
import type { TimeScale } from '../../timeline/time-scale.ts'
import type { TimelineWindow } from './use-window.ts'

const heightPx = 40

/** All rows at a small scale, with the window of the timeline. Dragging over it chooses another window. */
export function Minimap({
  rows,
  scale,
  end,
  view,
}: {
  rows: readonly Row[]
  scale: TimeScale
  end: number
  view: TimelineWindow
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const dragFrom = useRef<number | undefined>(undefined)

  useEffect(() => {
    const element = canvas.current!
    const paint = () => draw(element, { rows, scale, end })
    paint()
    const observer = new ResizeObserver(paint)
    observer.observe(element)
    const colors = matchMedia('(prefers-color-scheme: dark)')
    colors.addEventListener('change', paint)
    return () => {
      observer.disconnect()
      colors.removeEventListener('change', paint)
    }
  }, [rows, scale])

  function positionOf(event: PointerEvent): number {
    const { left, width } = canvas.current!.getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * scale.length
  }
  function onPointerDown(event: PointerEvent): void {
    canvas.current!.setPointerCapture(event.pointerId)
    dragFrom.current = positionOf(event)
  }
  function onPointerMove(event: PointerEvent): void {
    if (dragFrom.current === undefined) return
    const to = positionOf(event)
    view.set(Math.min(dragFrom.current, to), Math.max(dragFrom.current, to))
  }
  function onPointerUp(event: PointerEvent): void {
    // A click without a drag shows everything again.
    if (dragFrom.current !== undefined && Math.abs(positionOf(event) - dragFrom.current) < scale.length / 200)
      view.fit()
    dragFrom.current = undefined
  }

  return (
    <div class="minimap" aria-hidden="true">
      <canvas ref={canvas} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} />
      {!view.isWhole && (
        <span
          class="minimap-window"
          style={{
            left: `${(view.from / scale.length) * 100}%`,
            width: `${((view.to - view.from) / scale.length) * 100}%`,
          }}
        />
      )}
    </div>
  )
}

function draw(
  canvas: HTMLCanvasElement,
  { rows, scale, end }: { rows: readonly Row[]; scale: TimeScale; end: number },
): void {
  const ratio = devicePixelRatio
  const width = canvas.clientWidth
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(heightPx * ratio)
  const context = canvas.getContext('2d')!
  context.scale(ratio, ratio)
  context.clearRect(0, 0, width, heightPx)
  const style = getComputedStyle(canvas)
  const colors = new Map<string, string>()
  const step = Math.min(4, heightPx / Math.max(1, rows.length))
  for (const [index, { segments }] of rows.entries()) {
    for (const { start, end: segmentEnd = end, tone } of segments) {
      if (!colors.has(tone)) colors.set(tone, style.getPropertyValue(`--tone-${tone}`))
      context.fillStyle = colors.get(tone)!
      const left = (scale.position(start) / scale.length) * width
      const right = (scale.position(segmentEnd) / scale.length) * width
      context.fillRect(left, index * step, Math.max(1, right - left), Math.max(1, step - 0.5))
    }
  }
}
