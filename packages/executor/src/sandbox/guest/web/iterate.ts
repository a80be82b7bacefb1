import type { Primordials } from '../primordials.ts'

/** Calls `visit` for each item of an iterable of user code, by the iteration protocol, which user code may define. */
export function iterateWith(p: Primordials, iterable: unknown, visit: (item: unknown, index: number) => void): void {
  const method = (iterable as { [Symbol.iterator]?: unknown } | null | undefined)?.[
    p.SymbolIterator as typeof Symbol.iterator
  ]
  if (typeof method !== 'function') throw new p.TypeError('The value is not iterable')
  const iterator = p.ReflectApply(method, iterable, []) as { next: unknown; return?: unknown }
  const { next } = iterator
  for (let index = 0; ; index++) {
    const step = p.ReflectApply(next as () => unknown, iterator, []) as { done?: unknown; value: unknown }
    if (step.done) return
    try {
      visit(step.value, index)
    } catch (error) {
      if (typeof iterator.return === 'function') p.ReflectApply(iterator.return, iterator, [])
      throw error
    }
  }
}

/** Returns the items of an iterable of user code. */
export function listOf(p: Primordials, iterable: unknown): unknown[] {
  const items: unknown[] = []
  iterateWith(p, iterable, (item) => p.arrayPush(items, item))
  return items
}
