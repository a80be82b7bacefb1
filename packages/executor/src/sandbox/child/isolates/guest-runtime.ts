import { createHash } from 'node:crypto'

import type ivm from 'isolated-vm'

import type { RuntimeSource } from '../../bundle-runtime.ts'
import { withFlag } from './v8-flags.ts'

/** State that an isolate has after a guest that has left nothing behind. */
export interface NormalState {
  /** Bytes of the heap that are used after a collection. */
  readonly usedBytes: number
  /** Bytes that a context for the next guest adds. */
  readonly contextBytes: number
  /** Protectors of V8, as `IsolateUpkeep` reads them. */
  readonly protectors: string
}

const scriptInfo = { filename: 'codemode:runtime' } as const

/**
 * Guest runtime and the code that V8 has compiled of it. The compiled code is never taken from the isolate of an
 * execution.
 */
export class GuestRuntime {
  readonly #source: RuntimeSource
  #compiled: ivm.ExternalCopy<ArrayBuffer> | undefined
  /** State of isolates between two guests; undefined until it was measured in one of them. */
  normal: NormalState | undefined

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

  /** Compiles the runtime's script, whose value in each context is the function that makes the runtime there. */
  compile(isolate: ivm.Isolate): ivm.Script {
    const cachedData = this.#compiled
    const script: ivm.Script & { cachedDataRejected?: boolean } = withFlag('compilation-cache', () =>
      isolate.compileScriptSync(this.#source.runtime, { ...scriptInfo, ...(cachedData && { cachedData }) }),
    )
    // V8 ignores compiled code that was made with other flags.
    if (script.cachedDataRejected === true) throw new Error('V8 has rejected its own code cache of the guest runtime')
    return script
  }

  /**
   * Keeps the code that an isolate has compiled of the runtime. Isolates made from now on start with it and compile the
   * rest at its first use. The isolate must not have run code of a guest other than the typical one.
   */
  cacheCompiledCode(isolate: ivm.Isolate): void {
    // V8's compilation cache still has the script, with the functions of it that have been called and therefore compiled.
    const script: ivm.Script & ivm.CachedDataResult = withFlag('compilation-cache', () =>
      isolate.compileScriptSync(this.#source.runtime, { ...scriptInfo, produceCachedData: true }),
    )
    this.#compiled = script.cachedData!
  }
}
