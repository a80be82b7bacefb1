import { createHash } from 'node:crypto'

import ivm from 'isolated-vm'

import type { RuntimeSource } from '../runtime-source.ts'

const scriptInfo = { filename: 'codemode:runtime' } as const

/**
 * The guest runtime, compiled once in an isolate that never sees a guest. What a guest's isolate could produce is never
 * taken.
 */
export class GuestRuntime {
  readonly #source: RuntimeSource
  readonly #cachedData: ivm.ExternalCopy<ArrayBuffer>

  constructor(source: RuntimeSource) {
    this.#source = source
    this.#cachedData = compile(source)
  }

  /** The source of the web globals. */
  get webSource(): string {
    return this.#source.web
  }

  /** A SHA-256 of the guest runtime: journals carry it, so that a divergence can be told from a newer runtime. */
  hash(): string {
    const { runtime, web } = this.#source
    return createHash('sha256').update(runtime).update(web).digest('hex')
  }

  /** Runs the runtime's script in a new context and returns the function that makes the runtime. */
  load<Make>(isolate: ivm.Isolate, context: ivm.Context): ivm.Reference<Make> {
    const script = isolate.compileScriptSync(this.#source.runtime, { ...scriptInfo, cachedData: this.#cachedData })
    return script.runSync(context, { reference: true }) as ivm.Reference<Make>
  }
}

function compile({ runtime }: RuntimeSource): ivm.ExternalCopy<ArrayBuffer> {
  const isolate = new ivm.Isolate()
  try {
    const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(runtime, {
      ...scriptInfo,
      produceCachedData: true,
    })
    return script.cachedData!
  } finally {
    isolate.dispose()
  }
}
