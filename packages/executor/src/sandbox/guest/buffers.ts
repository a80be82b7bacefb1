// Replaces the constructors and methods that allocate buffers, so that a failed allocation ends the execution.
import { missing } from './missing.ts'
import type { Primordials } from './primordials.ts'

type BufferConstructor = new (...args: never[]) => object
type Method = (...args: never[]) => unknown
type Methods<Name extends string> = Record<Name, Method>
/** Function that calls a method that allocates a buffer. */
type Allocate = (method: Method, self: unknown, args: readonly unknown[]) => unknown

/**
 * Replaces `ArrayBuffer`, the typed arrays and their methods that allocate, for the guest and, in `p`, for the runtime.
 * The replacements differ in two ways. No buffer is resizable, since isolated-vm does not count the growth of a
 * resizable one, and the members of `ArrayBuffer.prototype` for that are removed. An allocation that fails ends the execution: whether one fails depends on the garbage collector, so
 * a guest that caught the error could not be replayed.
 */
export function replaceBuffers(p: Primordials, onExhausted: () => void): void {
  const allocate: Allocate = (method, self, args) => {
    try {
      return p.ReflectApply(method, self, args)
    } catch (thrown) {
      if (isAllocationFailure(p, thrown)) onExhausted()
      throw thrown
    }
  }
  const replace = createReplace(p, allocate)
  p.ArrayBuffer = replace('ArrayBuffer', p.ArrayBuffer)
  p.ReflectDeleteProperty(p.ArrayBuffer.prototype, 'resize')
  p.ReflectDeleteProperty(p.ArrayBuffer.prototype, 'resizable')
  p.ReflectDeleteProperty(p.ArrayBuffer.prototype, 'maxByteLength')
  const names = p.ReflectOwnKeys(p.typedArrays) as string[]
  for (let i = 0; i < names.length; i++) p.typedArrays[names[i]!] = replace(names[i]!, p.typedArrays[names[i]!]!)
  p.Uint8Array = p.typedArrays['Uint8Array']!
  p.Uint32Array = p.typedArrays['Uint32Array']! as unknown as typeof p.Uint32Array

  replaceBufferMethods(p, allocate)
  replaceTypedArrayMethods(p, allocate)
  replaceDecoders(p, allocate)
}

/** Returns the function that replaces the global constructor with the given name. */
function createReplace(p: Primordials, allocate: Allocate) {
  const { ArrayBuffer } = p
  const replacements = new p.Map<object, unknown>()
  const handler: ProxyHandler<BufferConstructor> = {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    construct(original: BufferConstructor, args: readonly unknown[], newTarget: unknown): object {
      const isArrayBuffer = (original as unknown) === ArrayBuffer
      if (isArrayBuffer && args.length > 1) refuseResizable(p, args[1])
      const target = newTarget === p.mapGet(replacements, original) ? original : newTarget
      const kept = isArrayBuffer ? [args.length > 0 ? args[0] : 0] : args
      return allocate(p.ReflectConstruct, undefined, [original, kept, target]) as object
    },
  }
  return <Original extends BufferConstructor>(name: string, original: Original): Original => {
    // A proxy has everything else that the original has, and costs an execution less than copying it.
    const replacement = new p.Proxy<Original>(original, handler)
    p.mapSet(replacements, original, replacement)
    // Assigning keeps the attributes of both properties. The original must not be reachable from instances through their
    // prototype.
    ;(original.prototype as { constructor: unknown }).constructor = replacement
    ;(p.globalThis as Record<string, unknown>)[name] = replacement
    return replacement
  }
}

/*
 * The functions below replace methods by ones of the same names that allocate through `allocate`. Assigning keeps a
 * property's attributes, and methods of literals are the cheapest functions that have a name and can't be constructed.
 * Their parameters without a default are those that `length` counts. To these methods an argument that is `undefined` is
 * one that is missing.
 */

function replaceBufferMethods(p: Primordials, allocate: Allocate): void {
  const prototype = p.ArrayBuffer.prototype as Methods<'slice' | 'transfer' | 'transferToFixedLength'>
  const { slice, transfer, transferToFixedLength } = prototype
  p.ObjectAssign(prototype, {
    slice(start: unknown, end: unknown) {
      return allocate(slice, this, [start, end])
    },
    transfer(newLength = missing) {
      return allocate(transfer, this, [newLength])
    },
    transferToFixedLength(newLength = missing) {
      return allocate(transferToFixedLength, this, [newLength])
    },
  })
}

/**
 * Replaces the methods of typed arrays that allocate. `filter`, `map` and `slice` are among them because they find the
 * original constructor if the array's own one is hidden from them.
 */
function replaceTypedArrayMethods(p: Primordials, allocate: Allocate): void {
  const prototype = p.ReflectGetPrototypeOf(p.Uint8Array.prototype) as Methods<
    'filter' | 'map' | 'slice' | 'toReversed' | 'toSorted' | 'with'
  >
  const { filter, map, slice, toReversed, toSorted, with: withItem } = prototype
  p.ObjectAssign(prototype, {
    filter(callback: unknown, receiver = missing) {
      return allocate(filter, this, [callback, receiver])
    },
    map(callback: unknown, receiver = missing) {
      return allocate(map, this, [callback, receiver])
    },
    slice(start: unknown, end: unknown) {
      return allocate(slice, this, [start, end])
    },
    toReversed() {
      return allocate(toReversed, this, [])
    },
    toSorted(compare: unknown) {
      return allocate(toSorted, this, [compare])
    },
    with(index: unknown, item: unknown) {
      return allocate(withItem, this, [index, item])
    },
  })
}

function replaceDecoders(p: Primordials, allocate: Allocate): void {
  const constructor = p.Uint8Array as unknown as Methods<'fromBase64' | 'fromHex'>
  const { fromBase64, fromHex } = constructor
  p.ObjectAssign(constructor, {
    fromBase64(text: unknown, options = missing) {
      return allocate(fromBase64, this, [text, options])
    },
    fromHex(text: unknown) {
      return allocate(fromHex, this, [text])
    },
  })
  p.Uint8ArrayFromBase64 = constructor.fromBase64 as typeof p.Uint8ArrayFromBase64
}

function refuseResizable(p: Primordials, options: unknown): void {
  if (typeof options !== 'object' || options === null) return
  if ((options as { maxByteLength?: unknown }).maxByteLength === undefined) return
  throw new p.RangeError('Resizable ArrayBuffers are not available in the sandbox')
}

function isAllocationFailure(p: Primordials, thrown: unknown): boolean {
  if (!p.ErrorIsError(thrown)) return false
  const message = p.ReflectGetOwnPropertyDescriptor(thrown, 'message')
  if (message === undefined || typeof message.value !== 'string') return false
  return message.value === 'Array buffer allocation failed' || p.stringEndsWith(message.value, ': Out of memory')
}
