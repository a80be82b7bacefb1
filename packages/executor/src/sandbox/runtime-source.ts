import { readFile } from 'node:fs/promises'

import type { RuntimeSource } from './bundle-runtime.ts'

let source: Promise<RuntimeSource> | undefined

/**
 * Resolves with the guest runtime: as `prepack` has bundled it, or bundled now if the executor runs from its sources. The
 * executor does it once, while its first sandbox process starts, because it would delay the start of each process.
 */
export function runtimeSource(): Promise<RuntimeSource> {
  source ??= load()
  return source
}

async function load(): Promise<RuntimeSource> {
  if (import.meta.filename.endsWith('.ts')) return (await import('./bundle-runtime.ts')).bundleRuntime()
  return JSON.parse(await readFile(new URL('guest-runtime.json', import.meta.url), 'utf8')) as RuntimeSource
}
