import { runtimeTextOf, type RuntimeText } from './runtime-source.ts'

/** Reads the text of a guest runtime by its hash; resolves with undefined if there is none. */
export type ReadRuntime = (hash: string) => Promise<string | undefined>

/** Guest runtimes of other versions. They are read when a guest needs them, and kept in memory then. */
export class StoredRuntimes {
  readonly #read: ReadRuntime
  readonly #known = new Map<string, RuntimeText>()

  constructor(read: ReadRuntime) {
    this.#read = read
  }

  /**
   * Resolves with the runtime that has this hash; with undefined if there is none, or if its text has another hash. Rejects
   * if it can't be read now.
   */
  async find(hash: string): Promise<RuntimeText | undefined> {
    const known = this.#known.get(hash)
    if (known !== undefined) return known
    const text = await this.#read(hash)
    const runtime = text === undefined ? undefined : runtimeTextOf(text)
    if (runtime?.hash !== hash) return undefined
    this.#known.set(hash, runtime)
    return runtime
  }
}
