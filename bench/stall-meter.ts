import { hrtime, threadCpuUsage } from 'node:process'

const tickMs = 1
/** Shorter ones are of no interest. */
const minStallMs = 5
const nsPerMs = 1_000_000n

/** A time in which no timer fired. */
export interface Stall {
  /** Its end, by the clock that profiles use as well. */
  readonly endUs: number
  readonly wallMs: number
  /**
   * The CPU time that the thread used meanwhile: its own doing. The rest of the wall time is the machine's, which had
   * other things to do.
   */
  readonly cpuMs: number
}

/** Finds the stalls of this thread's event loop by a timer that is always due. */
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

  /** The stalls since the beginning. */
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
