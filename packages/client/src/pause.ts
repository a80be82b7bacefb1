import { setTimeout as sleep } from 'node:timers/promises'

/** Waits; rejects with the signal's own reason as soon as it aborts. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
}
