import { createHash } from 'node:crypto'

import type ivm from 'isolated-vm'

import type { RuntimeSource } from '../runtime-source.ts'

const scriptInfo = { filename: 'codemode:runtime' } as const

/** The guest runtime, and what V8 has compiled of it. What a guest's isolate could produce is never taken. */
export class GuestRuntime {
  readonly #source: RuntimeSource
  #compiled: ivm.ExternalCopy<ArrayBuffer> | undefined

  constructor(source: RuntimeSource) {
    this.#source = source
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
    const script = isolate.compileScriptSync(this.#source.runtime, {
      ...scriptInfo,
      ...(this.#compiled && { cachedData: this.#compiled }),
    })
    return script.runSync(context, { reference: true }) as ivm.Reference<Make>
  }

  /**
   * Keeps what an isolate has compiled of the runtime, for all that are made from now on: they compile the rest when it is
   * first used. The isolate must have run no code but ours.
   */
  keepCompiled(isolate: ivm.Isolate): void {
    // V8 knows the script, and has kept the functions that were called with it.
    const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(this.#source.runtime, {
      ...scriptInfo,
      produceCachedData: true,
    })
    this.#compiled = script.cachedData!
  }
}
