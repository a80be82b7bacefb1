import type ivm from 'isolated-vm'

import { withFlag } from './v8-flags.ts'

/**
 * Protectors of V8 that can be read. While a protector holds, V8 takes fast paths for builtins that no code of the isolate
 * has changed. It is shared by all contexts of an isolate, and never restored.
 */
const protectors = [
  'ArrayIterator',
  'ArraySpecies',
  'IsConcatSpreadable',
  'MapIterator',
  'NoElements',
  'PromiseSpecies',
  'RegExpSpecies',
  'SetIterator',
  'StringIterator',
  'StringWrapperToPrimitive',
  'TypedArraySpecies',
]

/** Names of the functions of V8 that read the protectors, of those that this version of V8 has. */
let readable: readonly string[] | undefined

/**
 * Context in an isolate that only code of this repository enters, to look after the isolate between two guests. No guest
 * can reach it.
 */
export class IsolateUpkeep {
  readonly #isolate: ivm.Isolate
  readonly #context: ivm.Context
  readonly #collect: ivm.Reference<() => void>
  readonly #freeMemory: ivm.Reference<() => void>
  readonly #protectors: ivm.Script

  constructor(isolate: ivm.Isolate) {
    this.#isolate = isolate
    // A context has the function `gc` if it was made while the flag was on.
    this.#context = withFlag('expose-gc', () => isolate.createContextSync())
    this.#collect = this.#context.global.getSync('gc', { reference: true })
    this.#freeMemory = this.#context.evalSync(`() => gc({ type: 'major', flavor: 'last-resort' })`, { reference: true })
    this.#protectors = withFlag('allow-natives-syntax', () => {
      readable ??= protectors.map((name) => `%${name}Protector()`).filter((call) => compiles(isolate, call))
      return isolate.compileScriptSync(`[${readable.join()}].join()`)
    })
  }

  /**
   * Returns a text that changes when a protector falls. V8 may have dropped the bytecode of the script, under memory
   * pressure or because of its age, and then parses it again.
   */
  protectors(): string {
    return withFlag('allow-natives-syntax', () => this.#protectors.runSync(this.#context) as string)
  }

  /** Collects all garbage of the isolate, which takes some milliseconds. */
  collect(): void {
    this.#collect.applySync()
  }

  /** Collects all garbage and gives the memory of the young generation back, which takes about twice as long. */
  freeMemory(): void {
    this.#freeMemory.applySync()
  }

  /** Bytes of the heap that are used, garbage included. */
  usedBytes(): number {
    const { used_heap_size, externally_allocated_size } = this.#isolate.getHeapStatisticsSync()
    return used_heap_size + externally_allocated_size
  }
}

function compiles(isolate: ivm.Isolate, code: string): boolean {
  try {
    isolate.compileScriptSync(code)
    return true
  } catch {
    return false
  }
}
