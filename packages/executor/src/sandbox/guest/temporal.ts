import { defineGlobal } from './define.ts'
import { createLazyObject } from './lazy-object.ts'
import type { Primordials } from './primordials.ts'
import type { RuntimeState } from './state.ts'

/**
 * Installs a `Temporal` whose clock reads the turn's timestamp. V8 makes the 200 functions of its own `Temporal` at the
 * first access, which would be a third of setting up the runtime, so nothing accesses it before the guest does. V8's
 * namespace is removed: it has V8's clock, and no other object refers to it.
 */
export function installTemporal(p: Primordials, state: RuntimeState): void {
  // Deleted first, because defining over it would access it.
  p.ReflectDeleteProperty(p.globalThis, 'Temporal')
  defineGlobal(
    p,
    'Temporal',
    createLazyObject(p, (namespace) => state.rare('fillTemporal')(p, state, namespace)),
  )
}
