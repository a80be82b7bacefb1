import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import type { RuntimeSource } from './bundle-runtime.ts'

/** Guest runtime as a sandbox process reads it: the JSON of its `RuntimeSource`. */
export interface RuntimeText {
  /** SHA-256 of the text, by which journals name the runtime. */
  readonly hash: string
  readonly text: string
}

let source: Promise<RuntimeSource> | undefined
let own: Promise<RuntimeText> | undefined

/**
 * Resolves with the guest runtime of this version: as a build has bundled it, or bundled now if the executor runs from
 * its sources. The executor does it once, while its first sandbox process starts, because it would delay the start of each
 * process.
 */
export function runtimeSource(): Promise<RuntimeSource> {
  source ??= load()
  return source
}

/** Resolves with the guest runtime of this version as text. */
export function ownRuntime(): Promise<RuntimeText> {
  own ??= runtimeSource().then((loaded) => runtimeTextOf(JSON.stringify(loaded)))
  return own
}

/** Returns a guest runtime with its hash. */
export function runtimeTextOf(text: string): RuntimeText {
  return { hash: createHash('sha256').update(text).digest('hex'), text }
}

async function load(): Promise<RuntimeSource> {
  if (import.meta.filename.endsWith('.ts')) return (await import('./bundle-runtime.ts')).bundleRuntime()
  return JSON.parse(await readFile(new URL('guest-runtime.json', import.meta.url), 'utf8')) as RuntimeSource
}
