import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core'
import type { RefObject } from 'preact'
import { useLayoutEffect, useReducer, useState } from 'preact/hooks'

/** Part of a long list that is in view. */
export interface VirtualRows {
  readonly items: readonly VirtualItem[]
  /** Height of the whole list in pixels. */
  readonly height: number
  readonly scrollTo: (index: number) => void
}

/** Returns the rows of a long list that are in view of its scroll element. All rows have the same height in pixels. */
export function useVirtualRows({
  count,
  rowHeight,
  scrollElement,
}: {
  count: number
  rowHeight: number
  scrollElement: RefObject<HTMLElement | null>
}): VirtualRows {
  const [, rerender] = useReducer<number, undefined>((round) => round + 1, 0)
  const options = {
    count,
    getScrollElement: () => scrollElement.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollToFn: elementScroll,
    observeElementOffset,
    observeElementRect,
    onChange: () => rerender(undefined),
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options))
  virtualizer.setOptions(options)
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => virtualizer._willUpdate())
  return {
    items: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  }
}
