import { defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

interface Step {
  readonly done: boolean
  readonly value: unknown
}

/** Number of items that are read ahead: one more than are shown. */
const maxAhead = 101

/** Reads ahead in the iterators of maps and sets, to show what they are going to return. */
export type PreviewIterator = (iterator: object, kind: 'Map' | 'Set') => readonly unknown[] | undefined

/**
 * Creates a function that returns the next items of a builtin iterator of a map or a set; undefined for any other object.
 * The language has no way to look at them without consuming them, so the iterator gets a `next` of its own, which returns
 * the items that were read ahead before it continues.
 */
export function createPreviewIterator(p: Primordials): PreviewIterator {
  const read = new p.WeakMap<object, Step[]>()

  return (iterator, kind) => {
    const advance = kind === 'Map' ? p.mapIteratorNext : p.setIteratorNext
    const steps = p.weakMapGet(read, iterator) ?? installNext(iterator, advance)
    if (steps === undefined) return undefined
    while (steps.length < maxAhead && (steps.length === 0 || !steps[steps.length - 1]!.done)) {
      p.arrayPush(steps, advance(iterator))
    }
    const items: unknown[] = []
    for (let i = 0; i < steps.length && !steps[i]!.done; i++) p.arrayPush(items, steps[i]!.value)
    return items
  }

  /** Replaces `next` of a real iterator that has none of its own; the first step shows that it is one. */
  function installNext(iterator: object, advance: (iterator: object) => Step): Step[] | undefined {
    if (!p.ReflectIsExtensible(iterator) || p.ObjectHasOwn(iterator, 'next')) return undefined
    const steps: Step[] = []
    try {
      p.arrayPush(steps, advance(iterator))
    } catch {
      return undefined
    }
    p.weakMapSet(read, iterator, steps)
    const { next } = {
      next(this: object): Step {
        return this === iterator && steps.length > 0 ? p.arrayShift(steps)! : advance(this)
      },
    }
    defineHidden(p, iterator, 'next', next)
    return steps
  }
}
