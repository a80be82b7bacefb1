import type { Primordials } from './primordials.ts'

export interface Timer {
  readonly id: number
  due: number
  readonly callback: () => unknown
  /** Interval in milliseconds; 0 for a timer that fires once. */
  readonly everyMs: number
  cleared: boolean
  /** Rejects the promise that the timer fulfils, if it has one. */
  readonly reject: ((reason: unknown) => void) | undefined
}

interface TimerHeap {
  add(timer: Timer): void
  /** Returns the timer that is due first, with the lower id at a tie, and removes cleared ones before it. */
  peek(): Timer | undefined
  take(): void
}

/** Creates a binary heap of timers, by due time and then by id. */
export function createTimerHeap(p: Primordials): TimerHeap {
  const heap: Timer[] = []

  function swap(i: number, j: number): void {
    const timer = heap[i]!
    heap[i] = heap[j]!
    heap[j] = timer
  }

  function isBefore(i: number, j: number): boolean {
    const a = heap[i]!
    const b = heap[j]!
    return a.due < b.due || (a.due === b.due && a.id < b.id)
  }

  function take(): void {
    swap(0, heap.length - 1)
    p.arrayPop(heap)
    for (let parent = 0; ;) {
      const left = parent * 2 + 1
      if (left >= heap.length) return
      const child = left + 1 < heap.length && isBefore(left + 1, left) ? left + 1 : left
      if (!isBefore(child, parent)) return
      swap(child, parent)
      parent = child
    }
  }

  return {
    add(timer) {
      p.arrayPush(heap, timer)
      for (let child = heap.length - 1; child > 0;) {
        const parent = (child - 1) >> 1
        if (!isBefore(child, parent)) return
        swap(child, parent)
        child = parent
      }
    },
    peek() {
      while (heap.length > 0 && heap[0]!.cleared) take()
      return heap.length > 0 ? heap[0] : undefined
    },
    take,
  }
}
