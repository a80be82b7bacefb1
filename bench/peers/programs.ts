/** Programs that all products of the comparison run. They call the same tools by the same names. */
import { records, text } from '../values.ts'

const MiB = 1024 * 1024
const calls = 10

/** Program in the form of a function body. */
export interface Program {
  /** Returns the code. The argument is the expression that gives the input in a product. */
  readonly code: (input: string) => string
  readonly input?: unknown
  /** Returns true for the right result. */
  readonly isRight: (value: unknown) => boolean
}

/** Milliseconds that the tool of the program `waiting` takes. */
export const waitMs = 500

export const trivial: Program = { code: () => 'return 2 + 2', isRight: (value) => value === 4 }

export const callsInARow: Program = {
  code: () => `
    let sum = 0
    for (let i = 0; i < ${calls}; i++) sum += (await tools.echo({ i })).i
    return sum`,
  isRight: (value) => value === (calls * (calls - 1)) / 2,
}

export const callsInParallel: Program = {
  code: () => `
    const all = await Promise.all(Array.from({ length: ${calls} }, (_, i) => tools.echo({ i })))
    return all.length`,
  isRight: (value) => value === calls,
}

/** Returns a program that waits for a tool. */
export function waitingFor(ms: number): Program {
  return { code: () => `return (await tools.wait({ ms: ${ms} })).ms`, isRight: (value) => value === ms }
}

const letters = text(MiB)
const rows = records(MiB)

export const textInAndOut: Program = {
  code: (input) => `return ${input}`,
  input: letters,
  isRight: (value) => typeof value === 'string' && value.length === letters.length,
}

export const recordsInAndOut: Program = {
  code: (input) => `return ${input}`,
  input: rows,
  isRight: (value) => Array.isArray(value) && value.length === rows.length,
}

const primesBelow = 400_000
const primeCount = 33_860

/** Program that computes for some 50 ms in V8. */
export const computing: Program = {
  code: () => `
    let count = 0
    for (let n = 2; n < ${primesBelow}; n++) {
      let isPrime = true
      for (let d = 2; d * d <= n; d++) if (n % d === 0) { isPrime = false; break }
      if (isPrime) count++
    }
    return count`,
  isRight: (value) => value === primeCount,
}
