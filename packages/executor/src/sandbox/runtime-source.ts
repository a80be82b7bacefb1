import { extname } from 'node:path'

import { link } from './link.ts'

/** Source of isolates for a sandbox process: the guest runtime and the web globals, each linked into one script. */
export interface RuntimeSource {
  /** Script whose value is the function that makes the runtime. Every isolate runs it before the guest's code. */
  readonly runtime: string
  /** Function body that is compiled in an isolate when its guest first accesses one of the web globals. */
  readonly web: string
}

let linked: RuntimeSource | undefined

/**
 * Returns the linked guest runtime, which is memoized. The executor links it while its first sandbox process starts. In
 * each sandbox process, linking would take most of the time until it is ready.
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
