import { createHash } from 'node:crypto'
import { extname } from 'node:path'

import ivm from 'isolated-vm'

import { link } from './link.ts'

const extension = extname(import.meta.filename)
const guestFile = (name: string): URL => new URL(`../guest/${name}${extension}`, import.meta.url)

/** The script that every isolate runs before the guest's code: its value is the function that makes the runtime. */
const runtimeSource = `(function () { ${link(guestFile('runtime'), 'createRuntime')} })()`

/** The source of the web globals, which is compiled in an isolate when its guest first touches one of them. */
export const webSource: string = link(guestFile('web/index'), 'createWebGlobals')

/** A SHA-256 of the guest runtime: journals carry it, so that a divergence can be told from a newer runtime. */
export const guestRuntimeHash: string = createHash('sha256').update(runtimeSource).update(webSource).digest('hex')

const scriptInfo = { filename: 'codemode:runtime' } as const

/**
 * The compiled runtime. It is made at the process's start in an isolate that never sees a guest; what a guest's isolate
 * could produce is never taken.
 */
const cachedData = compileOnce()

/** Runs the runtime's script in a new context and returns the function that makes the runtime. */
export function loadRuntime<Make>(isolate: ivm.Isolate, context: ivm.Context): ivm.Reference<Make> {
  const script = isolate.compileScriptSync(runtimeSource, { ...scriptInfo, cachedData })
  return script.runSync(context, { reference: true }) as ivm.Reference<Make>
}

function compileOnce(): ivm.ExternalCopy<ArrayBuffer> {
  const isolate = new ivm.Isolate()
  try {
    const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(runtimeSource, {
      ...scriptInfo,
      produceCachedData: true,
    })
    return script.cachedData!
  } finally {
    isolate.dispose()
  }
}
