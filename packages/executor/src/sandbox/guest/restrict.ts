import type { Primordials } from './primordials.ts'

/**
 * Removes globals that would make a run irreproducible: those that make garbage collection visible, share memory or run
 * native code. It also removes V8's console, which writes to an inspector (the runtime installs its own), and what only V8
 * has.
 */
export function restrictGlobals(p: Primordials): void {
  const removed = ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'console']
  for (let i = 0; i < removed.length; i++) p.ReflectDeleteProperty(p.globalThis, removed[i]!)
  p.ReflectDeleteProperty(Intl, 'v8BreakIterator')
}
