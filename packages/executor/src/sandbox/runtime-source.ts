import { readFile } from 'node:fs/promises'

/** The scripts from which a sandbox process makes isolates. */
export interface RuntimeSource {
  /** A script whose value is the function that makes the runtime; every isolate runs it before the guest's code. */
  readonly runtime: string
  /** The body of a function that makes the web globals; compiled in an isolate when its guest first uses one of them. */
  readonly web: string
}

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
