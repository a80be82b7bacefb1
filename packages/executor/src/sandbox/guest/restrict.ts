import type { Primordials } from './primordials.ts'

/**
 * Takes away what would make a run irreproducible (garbage collection made visible, memory shared with nobody, native
 * code) and the buffers that can grow past the isolate's memory limit.
 */
export function restrictGlobals(p: Primordials): void {
  const removed = ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'console']
  for (let i = 0; i < removed.length; i++) p.ReflectDeleteProperty(p.globalThis, removed[i]!)
  replaceArrayBuffer(p)
}

/** `ArrayBuffer` without `maxByteLength`: isolated-vm does not count what a resizable buffer grows by. */
function replaceArrayBuffer(p: Primordials): void {
  const Original = p.ArrayBuffer
  const FixedArrayBuffer = function ArrayBuffer(length?: unknown, options?: { maxByteLength?: unknown }): object {
    if (new.target === undefined) throw new p.TypeError("Constructor ArrayBuffer requires 'new'")
    if (options !== null && typeof options === 'object' && options.maxByteLength !== undefined) {
      throw new p.RangeError('Resizable ArrayBuffers are not available in the sandbox')
    }
    return p.ReflectConstruct(
      Original,
      [length],
      (new.target as unknown) === FixedArrayBuffer ? Original : new.target,
    ) as object
  }
  p.ReflectDefineProperty(FixedArrayBuffer, 'prototype', {
    ...hidden(Original.prototype),
    writable: false,
    configurable: false,
  })
  p.ReflectDefineProperty(FixedArrayBuffer, 'length', { ...hidden(1), writable: false })
  p.ReflectDefineProperty(FixedArrayBuffer, 'isView', hidden(p.ArrayBufferIsView))
  p.ReflectDefineProperty(
    FixedArrayBuffer,
    p.SymbolSpecies,
    p.ReflectGetOwnPropertyDescriptor(Original, p.SymbolSpecies)!,
  )
  p.ReflectDefineProperty(Original.prototype, 'constructor', hidden(FixedArrayBuffer))
  p.ReflectDefineProperty(p.globalThis, 'ArrayBuffer', hidden(FixedArrayBuffer))
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: false, configurable: true }
}
