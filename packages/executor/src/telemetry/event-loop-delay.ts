import { monitorEventLoopDelay } from 'node:perf_hooks'

const nsPerSecond = 1e9
const msPerSecond = 1_000
/** Interval of the measurement in milliseconds. Node counts it as a part of each delay. */
const resolutionMs = 20
/** Milliseconds after which a measurement begins. The one before it is read meanwhile. */
const windowMs = 60_000

/** Delays of the event loop in seconds, by percentile. */
export type Delays = Readonly<Record<'50' | '99' | '100', number>>

/**
 * Delay of the event loop over the last one to two windows of a minute. Reading it does not reset it, so any number of
 * readers see the same values.
 */
export class EventLoopDelay implements Disposable {
  #older = startedMonitor()
  #newer = startedMonitor()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#rotate(), windowMs).unref()
  }

  /** Returns the delays; undefined before the first measurement. */
  read(): Delays | undefined {
    const delays = this.#older
    if (delays.count === 0) return undefined
    return {
      50: secondsOf(delays.percentile(50)),
      99: secondsOf(delays.percentile(99)),
      100: secondsOf(delays.max),
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#older.disable()
    this.#newer.disable()
  }

  #rotate(): void {
    const oldest = this.#older
    oldest.reset()
    this.#older = this.#newer
    this.#newer = oldest
  }
}

function startedMonitor() {
  const monitor = monitorEventLoopDelay({ resolution: resolutionMs })
  monitor.enable()
  return monitor
}

function secondsOf(measuredNs: number): number {
  return Math.max(0, measuredNs / nsPerSecond - resolutionMs / msPerSecond)
}
