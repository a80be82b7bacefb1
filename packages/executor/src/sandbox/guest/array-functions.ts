/** Creates functions on arrays that call nothing that user code can replace. It must be called before user code runs. */
export function createArrayFunctions() {
  const { defineProperty } = Reflect

  /** Appends one item as an own property, whatever setters `Array.prototype` may have for its index. */
  function arrayPush<Item>(array: Item[], item: Item): void {
    defineProperty(array, array.length, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value: item,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }

  /** Returns a plain array of the items from `start` to before `end`, both non-negative. */
  function arraySlice<Item>(array: ArrayLike<Item>, start = 0, end = array.length): Item[] {
    const items: Item[] = []
    for (let index = start; index < end && index < array.length; index++) arrayPush(items, array[index] as Item)
    return items
  }

  return { arrayPush, arraySlice, arrayRemove }
}

/** Removes `count` items in place, beginning at `start`. */
function arrayRemove(array: unknown[], start: number, count = 1): void {
  if (start + count > array.length) count = array.length - start
  if (count <= 0) return
  for (let index = start; index + count < array.length; index++) array[index] = array[index + count]
  array.length -= count
}
