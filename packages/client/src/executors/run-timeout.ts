import type { RunOptions } from '../executor.ts'

/**
 * Returns the milliseconds after which a run ends in the client. A step of a durable session has no timeout there: a run follows it
 * for as long as it takes.
 */
export function runTimeoutMs({ session, requestTimeoutMs = Infinity }: RunOptions): number {
  return session?.isDurable === true ? Infinity : requestTimeoutMs
}
