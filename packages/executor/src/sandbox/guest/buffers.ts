import { defineGlobal, defineHidden } from './define.ts'
import type { Primordials } from './primordials.ts'

type BufferConstructor = new (...args: never[]) => object

/**
 * Replaces `ArrayBuffer` and the typed arrays by constructors that differ in two ways. There is no `maxByteLength`, since
 * isolated-vm does not count what a resizable buffer grows by. And an allocation that fails ends the execution: when it
 * fails depends on the garbage collector, so a guest that caught it could not be replayed.
 */
export function replaceBuffers(p: Primordials, onExhausted: () => void): void {
  replace(p, 'ArrayBuffer', p.ArrayBuffer, onExhausted, refuseResizable)
  defineHidden(p, p.globalThis.ArrayBuffer, 'isView', p.ArrayBufferIsView)
  const names = p.ReflectOwnKeys(p.typedArrays) as string[]
  for (let i = 0; i < names.length; i++) replace(p, names[i]!, p.typedArrays[names[i]!]!, onExhausted)
}

function replace(
  p: Primordials,
  name: string,
  Original: BufferConstructor,
  onExhausted: () => void,
  check?: (p: Primordials, options: unknown) => void,
): void {
  const Replacement = function (...args: unknown[]): object {
    if (new.target === undefined) throw new p.TypeError(`Constructor ${name} requires 'new'`)
    if (check !== undefined && args.length > 1) check(p, args[1])
    const target = (new.target as unknown) === Replacement ? Original : new.target
    try {
      return p.ReflectConstruct(
        Original,
        check === undefined ? args : [args.length > 0 ? args[0] : 0],
        target,
      ) as object
    } catch (thrown) {
      if (isAllocationFailure(p, thrown)) onExhausted()
      throw thrown
    }
  }
  // Statics and constants as the original has them, and the same prototype, whose instances must not lead back to it.
  const keys = p.ReflectOwnKeys(Original)
  for (let i = 0; i < keys.length; i++) {
    p.ReflectDefineProperty(Replacement, keys[i]!, p.ReflectGetOwnPropertyDescriptor(Original, keys[i]!)!)
  }
  p.ReflectSetPrototypeOf(Replacement, p.ReflectGetPrototypeOf(Original))
  defineHidden(p, Original.prototype as object, 'constructor', Replacement)
  defineGlobal(p, name, Replacement)
}

function refuseResizable(p: Primordials, options: unknown): void {
  if (typeof options !== 'object' || options === null) return
  if ((options as { maxByteLength?: unknown }).maxByteLength === undefined) return
  throw new p.RangeError('Resizable ArrayBuffers are not available in the sandbox')
}

function isAllocationFailure(p: Primordials, thrown: unknown): boolean {
  if (!p.ErrorIsError(thrown)) return false
  const message = p.ReflectGetOwnPropertyDescriptor(thrown, 'message')
  return message !== undefined && message.value === 'Array buffer allocation failed'
}
