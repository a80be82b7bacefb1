import type { Primordials } from './primordials.ts'

/**
 * Takes away what would make a run irreproducible: garbage collection made visible, memory shared with nobody, native code.
 * V8's own console speaks to an inspector; the runtime brings another.
 */
export function restrictGlobals(p: Primordials): void {
  const removed = ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'console']
  for (let i = 0; i < removed.length; i++) p.ReflectDeleteProperty(p.globalThis, removed[i]!)
}
