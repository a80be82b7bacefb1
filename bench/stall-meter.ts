import { hrtime, threadCpuUsage } from 'node:process'

const tickMs = 1
/** Milliseconds below which a delay does not count as a stall. */
const minStallMs = 5
const nsPerMs = 1_000_000n

/** Interval in which the event loop ran no timer. */
export interface Stall {
  /** End of the stall in microseconds, on the clock that CPU profiles use. */
  readonly endUs: number
  readonly wallMs: number
  /** CPU time of the thread during the stall. The rest of the wall time went to other work of the machine. */
  readonly cpuMs: number
}

/** Detects stalls of this thread's event loop with a timer of 1 ms. */
export class StallMeter {
  #timer: NodeJS.Timeout | undefined
  #stalls: Stall[] = []
  #lastNs = 0n
  #lastCpuMs = 0

  begin(): void {
    this.#stalls = []
    this.#lastNs = hrtime.bigint()
    this.#lastCpuMs = threadCpuMs()
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  /** Stops, and returns the stalls since `begin`. */
  end(): Stall[] {
    clearInterval(this.#timer)
    this.#tick()
    return this.#stalls
  }

  #tick(): void {
    const nowNs = hrtime.bigint()
    const cpuMs = threadCpuMs()
    const wallMs = Number(nowNs - this.#lastNs) / Number(nsPerMs)
    if (wallMs >= minStallMs)
      this.#stalls.push({ endUs: Number(nowNs / 1_000n), wallMs, cpuMs: cpuMs - this.#lastCpuMs })
    this.#lastNs = nowNs
    this.#lastCpuMs = cpuMs
  }
}

function threadCpuMs(): number {
  const { user, system } = threadCpuUsage()
  return (user + system) / 1_000
}
