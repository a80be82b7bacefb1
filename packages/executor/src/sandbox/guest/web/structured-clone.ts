import { type Brand, brandOf } from '../brand.ts'
import { defineHidden } from '../define.ts'
import { kindOf } from '../kind-of.ts'
import type { Primordials } from '../primordials.ts'
import { dictionaryOf, textOf } from './convert.ts'
import type { DomExceptionClass, DomExceptions } from './dom-exception.ts'
import { listOf } from './iterate.ts'

/**
 * Creates HTML's `structuredClone`, for the types of the language and `DOMException`. A proxy is cloned as the object that
 * its traps show, because code can't recognise a proxy.
 */
export function createStructuredClone(
  p: Primordials,
  DOMException: DomExceptionClass,
  stateOf: DomExceptions['stateOf'],
) {
  // A method can't be constructed.
  return {
    structuredClone(value: unknown, options: unknown = null): unknown {
      if (arguments.length === 0) throw new p.TypeError("The 'value' argument must be specified")
      const { transfer } = dictionaryOf(p, options)
      const buffers = transfer === undefined ? [] : listOf(p, transfer)
      for (let index = 0; index < buffers.length; index++) checkTransferable(buffers, index)
      const copy = cloneValue(value, new p.Map())
      // The copies hold the data already, so a transfer only has to detach the originals.
      for (let index = 0; index < buffers.length; index++) p.arrayBufferTransfer(buffers[index] as ArrayBuffer)
      return copy
    },
  }.structuredClone

  function checkTransferable(buffers: readonly unknown[], index: number): void {
    const buffer = buffers[index]
    if ((typeof buffer !== 'object' && typeof buffer !== 'function') || buffer === null) {
      throw new p.TypeError(`transfer has a value at index ${index} that is not an object`)
    }
    if (brandOf(p, buffer) !== 'ArrayBuffer') throw new DOMException('Value not transferable', 'DataCloneError')
    if (p.arrayBufferDetached(buffer as ArrayBuffer)) {
      throw new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError')
    }
    if (p.arrayIndexOf(buffers, buffer) !== index) {
      throw new DOMException('ArrayBuffer occurs in the transfer list more than once', 'DataCloneError')
    }
  }

  function cloneValue(value: unknown, known: Map<object, object>): unknown {
    if (typeof value === 'symbol') throw notCloneable(p.symbolToString(value))
    if (typeof value === 'function') throw notCloneable(p.functionToString(value))
    if (typeof value !== 'object' || value === null) return value
    return p.mapGet(known, value) ?? cloneObject(value, brandOf(p, value), known)
  }

  function cloneObject(value: object, brand: Brand | undefined, known: Map<object, object>): object {
    switch (brand) {
      case 'Promise':
      case 'WeakMap':
      case 'WeakSet':
        throw notCloneable(`#<${brand}>`)
      case 'Date':
        return remember(new p.Date(p.dateGetTime(value as Date)))
      case 'RegExp':
        return remember(new p.RegExp(p.regExpSource(value as RegExp), p.regExpFlags(value as RegExp)))
      case 'Number':
        return remember(p.Object(p.numberValueOf(value)) as object)
      case 'String':
        return remember(p.Object(p.stringValueOf(value)) as object)
      case 'Boolean':
        return remember(p.Object(p.booleanValueOf(value)) as object)
      case 'BigInt':
        return remember(p.Object(p.bigIntValueOf(value)) as object)
      case 'Symbol':
        throw notCloneable('Object(Symbol)')
      case 'ArrayBuffer':
        return remember(copyBuffer(value as ArrayBuffer))
      case 'DataView':
        return remember(cloneDataView(value as DataView, known))
      case 'TypedArray':
        return remember(cloneTypedArray(value as Uint8Array, known))
      case 'Error':
        return cloneError(value as Error, known)
      case 'Map': {
        const copy = remember(new p.Map())
        // The entries are listed before they are copied, because copying can run getters that change the map.
        const entries: unknown[] = []
        p.mapForEach(value as Map<unknown, unknown>, (item, key) => {
          p.arrayPush(entries, key)
          p.arrayPush(entries, item)
        })
        for (let index = 0; index < entries.length; index += 2) {
          p.mapSet(copy, cloneValue(entries[index], known), cloneValue(entries[index + 1], known))
        }
        return copy
      }
      case 'Set': {
        const copy = remember(new p.Set())
        const items: unknown[] = []
        p.setForEach(value as Set<unknown>, (item) => p.arrayPush(items, item))
        for (let index = 0; index < items.length; index++) p.setAdd(copy, cloneValue(items[index], known))
        return copy
      }
      case 'Array': {
        const copy = remember([] as unknown[])
        copy.length = (value as unknown[]).length
        return cloneProperties(value, copy, known)
      }
      default:
        refuseHiddenState(value)
        return cloneProperties(value, remember({}), known)
    }

    function remember<Copy extends object>(copy: Copy): Copy {
      p.mapSet(known, value, copy)
      return copy
    }
  }

  /**
   * Throws for an instance of a class of the platform, such as an iterator or a URL: its properties don't have its
   * contents. An object that only inherits from a class that `brandOf` knows is no instance.
   */
  function refuseHiddenState(value: object): void {
    if (value === p.globalThis) throw notCloneable('#<Object>')
    const kind = p.JSONIsRawJSON(value) ? 'RawJSON' : kindOf(p, value)
    if (kind !== undefined && !p.arrayIncludes(brandedKinds, kind)) throw notCloneable(`#<${kind}>`)
    if (value === p.globalThis || isArguments(value)) throw notCloneable('#<Object>')
  }

  /** Returns whether an object is the `arguments` of a function, which HTML does not clone either. */
  function isArguments(value: object): boolean {
    const callee = p.ReflectGetOwnPropertyDescriptor(value, 'callee')
    return callee !== undefined && callee.enumerable === false && p.ObjectHasOwn(value, p.SymbolIterator)
  }

  function cloneProperties(value: object, copy: object, known: Map<object, object>): object {
    const keys = p.ReflectOwnKeys(value)
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string | symbol
      if (typeof key === 'symbol' || !p.ReflectGetOwnPropertyDescriptor(value, key)?.enumerable) continue
      define(copy, key, cloneValue((value as Record<string, unknown>)[key], known))
    }
    return copy
  }

  function cloneError(error: Error, known: Map<object, object>): object {
    const constructors = {
      __proto__: null,
      EvalError: p.EvalError,
      RangeError: p.RangeError,
      ReferenceError: p.ReferenceError,
      SyntaxError: p.SyntaxError,
      TypeError: p.TypeError,
      URIError: p.URIError,
    } as unknown as Record<string, ErrorConstructor | undefined>
    const state = stateOf(error)
    if (state !== undefined) {
      const copy = new DOMException(state.message, state.name)
      p.mapSet(known, error, copy)
      defineHidden(p, copy, 'stack', textOf(error.stack))
      return copy
    }
    const name = textOf(error.name)
    const message = p.ReflectGetOwnPropertyDescriptor(error, 'message')?.value as unknown
    const copy = new (constructors[name] ?? p.Error)()
    p.mapSet(known, error, copy)
    defineHidden(p, copy, 'stack', textOf(error.stack))
    if (message !== undefined) defineHidden(p, copy, 'message', textOf(message))
    if (p.ObjectHasOwn(error, 'cause')) defineHidden(p, copy, 'cause', cloneValue(error.cause, known))
    return copy
  }

  function copyBuffer(buffer: ArrayBuffer): ArrayBuffer {
    if (p.arrayBufferDetached(buffer)) {
      throw new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError')
    }
    const size = p.arrayBufferByteLength(buffer)
    const copy = new p.ArrayBuffer(size)
    p.typedArraySet(new p.Uint8Array(copy, 0, size), new p.Uint8Array(buffer, 0, size))
    return copy
  }

  /** Clones a DataView. Views of one buffer stay views of one buffer. */
  function cloneDataView(view: DataView, known: Map<object, object>): object {
    const buffer = cloneValue(p.dataViewBuffer(view), known) as ArrayBuffer
    return new p.DataView(buffer, p.dataViewByteOffset(view), p.dataViewByteLength(view))
  }

  function cloneTypedArray(view: Uint8Array, known: Map<object, object>): object {
    const buffer = cloneValue(p.typedArrayBuffer(view), known) as ArrayBuffer
    const TypedArray = p.typedArrays[p.typedArrayTag(view) as string] as typeof Uint8Array
    return new TypedArray(buffer, p.typedArrayByteOffset(view), p.typedArrayLength(view))
  }

  function define(target: object, key: PropertyKey, value: unknown): void {
    p.ReflectDefineProperty(target, key, {
      // @ts-expect-error the prototype of a literal is not part of its type
      __proto__: null,
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }

  function notCloneable(what: string): Error {
    return new DOMException(`${what} could not be cloned.`, 'DataCloneError')
  }
}

/** Kinds that `brandOf` recognises, so that an object without a brand is no instance of them. */
const brandedKinds = [
  'ArrayBuffer',
  'DataView',
  'Error',
  'Map',
  'Promise',
  'RegExp',
  'Set',
  'TypedArray',
  'WeakMap',
  'WeakSet',
]
