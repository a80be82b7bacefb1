import { mainThreadCpuMs, residentBytes } from './proc.ts'

const MiB = 1024 * 1024

/** Milliseconds until the watchdog first checks a turn. Most turns are over by then. */
const firstCheckMs = 20
/** Milliseconds between further checks of a turn. */
const checkIntervalMs = 50

/** CPU time in milliseconds that the thread may use after a turn's timeout has passed. A turn that uses more cannot be interrupted. */
const maxOverrunCpuMs = 300
/**
 * Wall time in milliseconds after the timeout for which a turn that can't be interrupted, and has CPU time left, may go on. It
 * is shorter than the 5 s after which isolated-vm suspends the thread.
 */
const maxUninterruptedMs = 3_000
/**
 * Wall time in milliseconds after the timeout until a turn without CPU time counts as stalled: something outside keeps
 * it from running.
 */
const maxOverrunMs = 5_000
/**
 * Wall time in milliseconds after the timeout for which a turn may go on where the system does not report a thread's
 * CPU time.
 */
const maxUnmeasuredOverrunMs = 250

/**
 * Returns the bytes by which a process may grow during a turn. Values that cross the boundary are copied on both sides
 * of the heap that has the limit.
 */
export const maxGrowthBytes = (memoryLimitMb: number) => (2 * memoryLimitMb + 64) * MiB

/** Limits of a watched turn. */
export interface WatchedTurn {
  /** Timeout that V8 has for the turn, in milliseconds of wall time. */
  readonly timeoutMs: number
  /** CPU time in milliseconds that the turn may use; `Infinity` for a replayed turn. */
  readonly cpuMs: number
  readonly memoryLimitMb: number
}

interface TurnWatchdogOptions {
  /** Returns the id of the process that the guest runs in, once it is known. */
  readonly pid: () => number | undefined
  /** Called once when the turn must be ended together with its process. */
  readonly onOverrun: (reason: 'timeout' | 'memory' | 'stalled') => void
  /** Called after each check of a turn that continues. */
  readonly onCheck: () => void
  /**
   * Returns the CPU time of the thread that runs guests, in milliseconds; undefined where the system does not report
   * it.
   */
  readonly threadCpuMs?: (pid: number | undefined) => number | undefined
}

/**
 * The executor's watchdog over the time and memory of a turn, out of the guest's reach. V8's timeout and heap limit
 * stop nearly everything earlier; the watchdog stops what they can't.
 */
export class TurnWatchdog {
  readonly #options: TurnWatchdogOptions
  #turn: WatchedTurn | undefined
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #startBytes: number | undefined
  #startCpuMs: number | undefined
  #cpuMsAtTimeout: number | undefined

  constructor(options: TurnWatchdogOptions) {
    this.#options = options
  }

  /** Whether a turn is watched. */
  get isOn(): boolean {
    return this.#turn !== undefined
  }

  /** Milliseconds since the turn became the first in its process; 0 when there is none. */
  get elapsedMs(): number {
    return this.#turn === undefined ? 0 : performance.now() - this.#since
  }

  /**
   * Lower bound of the CPU time in milliseconds that the turn has used: that of its thread since the first check. It is
   * the wall time where the system does not report CPU time.
   */
  get usedCpuMs(): number {
    const cpuMs = this.#threadCpuMs()
    if (cpuMs === undefined) return this.elapsedMs
    return this.#startCpuMs === undefined ? 0 : cpuMs - this.#startCpuMs
  }

  begin(turn: WatchedTurn): void {
    this.#turn = turn
    this.#since = performance.now()
    this.#startBytes = undefined
    this.#startCpuMs = undefined
    this.#cpuMsAtTimeout = undefined
    this.#timer = setTimeout(() => this.#check(turn), firstCheckMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#turn = undefined
  }

  /** Whether the process has grown by more than the turn on the CPU may cause. */
  get hasGrownTooMuch(): boolean {
    const { pid } = this.#options
    const bytes = this.#turn && residentBytes(pid())
    if (bytes === undefined) return false
    this.#startBytes ??= bytes
    return bytes - this.#startBytes > maxGrowthBytes(this.#turn!.memoryLimitMb)
  }

  #check(turn: WatchedTurn): void {
    this.#startCpuMs ??= this.#threadCpuMs()
    const reason = this.hasGrownTooMuch ? 'memory' : this.#reasonToEnd(turn)
    if (reason !== undefined) {
      this.#options.onOverrun(reason)
      return
    }
    this.#timer = setTimeout(() => this.#check(turn), checkIntervalMs)
    this.#options.onCheck()
  }

  #reasonToEnd({ timeoutMs, cpuMs }: WatchedTurn): 'timeout' | 'stalled' | undefined {
    const overMs = this.elapsedMs - timeoutMs
    if (overMs < 0) return undefined
    const now = this.#threadCpuMs()
    this.#cpuMsAtTimeout ??= now
    if (now === undefined || this.#cpuMsAtTimeout === undefined) {
      return overMs > maxUnmeasuredOverrunMs ? 'timeout' : undefined
    }
    if (now - this.#cpuMsAtTimeout >= maxOverrunCpuMs) {
      if (this.usedCpuMs >= cpuMs || overMs > maxUninterruptedMs) return 'timeout'
    }
    return overMs > maxOverrunMs ? 'stalled' : undefined
  }

  #threadCpuMs(): number | undefined {
    const { pid, threadCpuMs = mainThreadCpuMs } = this.#options
    return threadCpuMs(pid())
  }
}
