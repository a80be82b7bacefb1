import type { Program } from './programs.ts'

/** Product of the comparison. */
export interface Product {
  readonly name: string
  /** Starts the product in processes of its own, and resolves when it accepts requests. */
  readonly start: () => Promise<RunningProduct>
}

/** Product that runs; disposing it ends its processes. */
export interface RunningProduct extends AsyncDisposable {
  /** Process that has started all others of the product. */
  readonly pid: number
  /** Runs a program over HTTP, and resolves with its value. */
  readonly execute: (program: Program) => Promise<unknown>
  /** Resolves with a fact about the product that depends on the machine, as a sentence. */
  readonly note?: () => Promise<string>
}
