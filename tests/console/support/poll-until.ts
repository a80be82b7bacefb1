import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds after which a condition is given up. */
const limitMs = 120_000

/** Calls the function until it resolves with a value other than `undefined` and `false`, and resolves with that value. */
export async function pollUntil<T>(read: () => Promise<T | undefined | false>): Promise<T> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < limitMs) {
    const value = await read()
    if (value !== undefined && value !== false) return value
    await delay(50)
  }
  throw new Error(`The condition is not met after ${limitMs} ms: ${read.toString()}`)
}
