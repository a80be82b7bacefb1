import { extname } from 'node:path'

import { link } from './link.ts'

/** What a sandbox process makes isolates with: the guest runtime and the web's globals, each linked into one script. */
export interface RuntimeSource {
  /** Its value is the function that makes the runtime; every isolate runs it before the guest's code. */
  readonly runtime: string
  /** Compiled in an isolate when its guest first touches one of these globals. */
  readonly web: string
}

let linked: RuntimeSource | undefined

/**
 * Links the guest runtime. The executor does it, once, while its first sandbox process starts: in each of them it would be
 * most of what they have to do before they are ready.
 */
export function runtimeSource(): RuntimeSource {
  const extension = extname(import.meta.filename)
  const guestFile = (name: string): URL => new URL(`guest/${name}${extension}`, import.meta.url)
  linked ??= {
    runtime: `(function () { ${link(guestFile('runtime'), 'createRuntime')} })()`,
    web: link(guestFile('web/index'), 'createWebGlobals'),
  }
  return linked
}
