import type { Primordials } from './primordials.ts'

/** Builtin methods that call a callback with an item and its index. `next` is that of an iterator helper. */
const indexing = /^\n {4}at (?:[^\n]* |[^\n]*\.)?(?:from|next|forEach|some|every|find) \(<anonymous>\)/

/**
 * Returns whether a builtin has called a tool as its callback, with further arguments behind the item: an index and an
 * array, a key and a Map or Set, or an index alone, such as `Array.from(ids, tools.get)`. `framesOf` returns the frames of
 * the call; they have none of the code if `Array.fromAsync` is the caller.
 */
export function isCallbackCall(p: Primordials, args: readonly unknown[], framesOf: () => string | undefined): boolean {
  const index = args[1]
  if (args.length === 3) return isItemOf(p, args[0], index, args[2])
  if (args.length !== 2 || typeof index !== 'number') return false
  const frames = framesOf()
  return frames === '' || (frames !== undefined && p.regExpExec(indexing, frames) !== null)
}

function isItemOf(p: Primordials, item: unknown, key: unknown, collection: unknown): boolean {
  if (typeof collection !== 'object' || collection === null) return false
  if (p.ArrayIsArray(collection) || p.typedArrayTag(collection) !== undefined) {
    return typeof key === 'number' && p.ObjectIs((collection as unknown[])[key], item)
  }
  try {
    return p.mapHas(collection as never, key) && p.ObjectIs(p.mapGet(collection as never, key), item)
  } catch {
    return isItemOfSet(p, item, key, collection)
  }
}

function isItemOfSet(p: Primordials, item: unknown, key: unknown, collection: object): boolean {
  try {
    return p.setHas(collection as never, item) && p.ObjectIs(item, key)
  } catch {
    return false
  }
}
