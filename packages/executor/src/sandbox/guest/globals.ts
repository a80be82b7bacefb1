import type { StartSpec } from '../guest-boundary.ts'
import { defineGlobal } from './define.ts'
import type { Primordials } from './primordials.ts'
import type { LoadRare } from './rare-parts.ts'
import type { WebHost } from './web/web-host.ts'

/**
 * Defines the global `input`, and the globals `context` and `config`, which can't be changed. It must run before user
 * code.
 */
export function installInputs(p: Primordials, spec: Pick<StartSpec, 'context' | 'config'>, input: string): void {
  defineGlobal(p, 'input', p.JSONParse(input))
  defineReadOnly(p, 'context', deepFreeze(p, p.JSONParse(spec.context)))
  defineReadOnly(p, 'config', deepFreeze(p, p.JSONParse(spec.config)))
}

function defineReadOnly(p: Primordials, name: string, value: unknown): void {
  p.ReflectDefineProperty(p.globalThis, name, { value, writable: false, enumerable: false, configurable: false })
}

/**
 * Freezes a value deeply and returns it. It does not recurse, because the value may be nested deeper than the stack
 * goes.
 */
function deepFreeze(p: Primordials, value: unknown): unknown {
  const found = [value]
  for (let i = 0; i < found.length; i++) {
    const item = found[i]
    if (typeof item !== 'object' || item === null) continue
    const keys = p.ObjectKeys(item)
    for (let k = 0; k < keys.length; k++) found.push((item as Record<string, unknown>)[keys[k]!])
    p.ObjectFreeze(item)
  }
  return value
}

const lazyNames = [
  'AbortController',
  'AbortSignal',
  'CustomEvent',
  'DOMException',
  'Event',
  'EventTarget',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'atob',
  'btoa',
  'crypto',
  'structuredClone',
] as const

/**
 * Defines the web globals as accessors that compile all of them at the first access. Most programs use none, and
 * compiling them costs more than the rest of the runtime.
 */
export function installLazyGlobals(p: Primordials, rare: LoadRare, host: WebHost): void {
  let loaded: Record<string, unknown> | undefined

  function load(): Record<string, unknown> {
    return (loaded ??= rare('createWebGlobals')(p, host))
  }

  for (let i = 0; i < lazyNames.length; i++) {
    const name = lazyNames[i]!
    p.ReflectDefineProperty(p.globalThis, name, {
      get() {
        defineGlobal(p, name, load()[name])
        return load()[name]
      },
      set(value: unknown) {
        defineGlobal(p, name, value)
      },
      enumerable: false,
      configurable: true,
    })
  }
}
