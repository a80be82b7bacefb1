import { createHash } from 'node:crypto'

import type ivm from 'isolated-vm'

import type { RuntimeSource } from '../bundle-runtime.ts'

const scriptInfo = { filename: 'codemode:runtime' } as const

/**
 * Guest runtime and the code that V8 has compiled of it. The compiled code is never taken from the isolate of an
 * execution.
 */
export class GuestRuntime {
  readonly #source: RuntimeSource
  #compiled: ivm.ExternalCopy<ArrayBuffer> | undefined

  constructor(source: RuntimeSource) {
    this.#source = source
  }

  /** Returns the source of a rare part of the runtime. */
  sourceOf(part: string): string {
    return this.#source.parts[part]!
  }

  /**
   * Returns a SHA-256 of the guest runtime. Journals carry it, so that a divergence can be attributed to a newer
   * runtime.
   */
  hash(): string {
    return createHash('sha256').update(JSON.stringify(this.#source)).digest('hex')
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
   * Keeps the code that an isolate has compiled of the runtime. Isolates made from now on start with it and compile the
   * rest at its first use. The isolate must not have run code of a guest other than the typical one.
   */
  cacheCompiledCode(isolate: ivm.Isolate): void {
    // V8 still has the script, with the functions of it that have been called and therefore compiled.
    const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(this.#source.runtime, {
      ...scriptInfo,
      produceCachedData: true,
    })
    this.#compiled = script.cachedData!
  }
}
