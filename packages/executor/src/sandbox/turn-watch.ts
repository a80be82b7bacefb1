import { mainThreadCpuMs, residentBytes } from './proc.ts'

const MiB = 1024 * 1024

/** Most turns are over before the watch first looks. */
const firstLookMs = 20
const lookMs = 50

/** CPU time in milliseconds that the thread may use after a turn's timeout has passed. A turn that uses more can't be interrupted. */
const overrunCpuMs = 300
/**
 * Wall time in milliseconds after the timeout for which a turn that can't be interrupted, and has CPU time left, may go on. It
 * is shorter than the 5 s after which isolated-vm suspends the thread.
 */
const maxUninterruptedMs = 3_000
/** Wall time in milliseconds after the timeout until a turn without CPU time counts as stalled: something keeps it from running. */
const maxOverrunMs = 5_000
/** The same bound on systems that do not tell the CPU time of a thread. */
const maxUnmeasuredOverrunMs = 250

/** Returns the bytes by which a process may grow during a turn: copies are made on either side of the heap that has the limit. */
export const allowedGrowth = (memoryLimitMb: number) => (2 * memoryLimitMb + 64) * MiB

/** The limits of a watched turn. */
export interface WatchedTurn {
  /** The timeout that V8 has for it, in milliseconds of wall time. */
  readonly timeoutMs: number
  /** CPU time in milliseconds that it may use; `Infinity` for a replayed turn. */
  readonly cpuMs: number
  readonly memoryLimitMb: number
}

interface TurnWatchOptions {
  /** Returns the process that the guest runs in, once it is known. */
  readonly pid: () => number | undefined
  /** Called once when the turn must be ended together with its process. */
  readonly onOverrun: (reason: 'timeout' | 'memory' | 'stalled') => void
  /** Called at each look at a turn that goes on. */
  readonly onLook: () => void
  /** Returns the CPU time of the thread that runs guests, in milliseconds; undefined where the system does not tell. */
  readonly threadCpuMs?: (pid: number | undefined) => number | undefined
}

/**
 * The executor's own watchdog over the time and the memory of a turn, out of the guest's reach. V8's timeout and heap limit
 * stop nearly everything earlier; this is for what they can't stop.
 */
export class TurnWatch {
  readonly #options: TurnWatchOptions
  #turn: WatchedTurn | undefined
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #startBytes: number | undefined
  #startCpuMs: number | undefined
  #cpuMsAtTimeout: number | undefined

  constructor(options: TurnWatchOptions) {
    this.#options = options
  }

  /** Whether a turn is watched. */
  get isOn(): boolean {
    return this.#turn !== undefined
  }

  /** Milliseconds that the turn has been in its process's hands as the first one; 0 when there is none. */
  get elapsedMs(): number {
    return this.#turn === undefined ? 0 : performance.now() - this.#since
  }

  /**
   * CPU time in milliseconds that the turn has used at least: what its thread has used since the first look. Where the system
   * does not tell, it is the wall time.
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
    this.#timer = setTimeout(() => this.#look(turn), firstLookMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#turn = undefined
  }

  /** Whether the process has grown by more than the turn on the CPU may cause. */
  get hasOutgrown(): boolean {
    const { pid } = this.#options
    const bytes = this.#turn && residentBytes(pid())
    if (bytes === undefined) return false
    this.#startBytes ??= bytes
    return bytes - this.#startBytes > allowedGrowth(this.#turn!.memoryLimitMb)
  }

  #look(turn: WatchedTurn): void {
    this.#startCpuMs ??= this.#threadCpuMs()
    const reason = this.hasOutgrown ? 'memory' : this.#overTime(turn)
    if (reason !== undefined) {
      this.#options.onOverrun(reason)
      return
    }
    this.#timer = setTimeout(() => this.#look(turn), lookMs)
    this.#options.onLook()
  }

  #overTime({ timeoutMs, cpuMs }: WatchedTurn): 'timeout' | 'stalled' | undefined {
    const overMs = this.elapsedMs - timeoutMs
    if (overMs < 0) return undefined
    const now = this.#threadCpuMs()
    this.#cpuMsAtTimeout ??= now
    if (now === undefined || this.#cpuMsAtTimeout === undefined) {
      return overMs > maxUnmeasuredOverrunMs ? 'timeout' : undefined
    }
    if (now - this.#cpuMsAtTimeout >= overrunCpuMs) {
      if (this.usedCpuMs >= cpuMs || overMs > maxUninterruptedMs) return 'timeout'
    }
    return overMs > maxOverrunMs ? 'stalled' : undefined
  }

  #threadCpuMs(): number | undefined {
    const { pid, threadCpuMs = mainThreadCpuMs } = this.#options
    return threadCpuMs(pid())
  }
}
