import { processCpuMs, residentBytes } from './proc.ts'

const MiB = 1024 * 1024

/** Most turns are over before the watch first looks. */
const firstLookMs = 20
const lookMs = 50

/**
 * How much CPU time a process may use after a turn's timeout has passed. One that uses more can't be interrupted; one that
 * merely was not scheduled on a busy machine uses none.
 */
const overrunCpuMs = 300
/** After this, it has stalled: something keeps it from running. Where the system does not tell CPU time, it is over sooner. */
const maxOverrunMs = 5_000
const maxUnmeasuredOverrunMs = 250

/** By how much a process may grow during a turn: copies are made on either side of the heap that has the limit. */
export const allowedGrowth = (memoryLimitMb: number) => (2 * memoryLimitMb + 64) * MiB

/** What to watch a turn for. */
export interface WatchedTurn {
  readonly timeoutMs: number
  readonly memoryLimitMb: number
}

interface TurnWatchOptions {
  /** The process that the guest runs in, once it is known. */
  readonly pid: () => number | undefined
  /** Called once when the turn must be ended together with its process. */
  readonly onOverrun: (reason: 'timeout' | 'memory' | 'stalled') => void
  /** Called at each look at a turn that goes on. */
  readonly onLook: () => void
}

/**
 * The clock and the scale that a guest can't argue with: they belong to the executor. V8's own timeout and heap limit stop
 * nearly everything earlier; this is for what they can't stop.
 */
export class TurnWatch {
  readonly #options: TurnWatchOptions
  #turn: WatchedTurn | undefined
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #startBytes: number | undefined
  #cpuMsAtTimeout: number | undefined

  constructor(options: TurnWatchOptions) {
    this.#options = options
  }

  /** Whether a turn is watched. */
  get isOn(): boolean {
    return this.#turn !== undefined
  }

  /** How long the turn has been on the CPU; 0 when none is. */
  get elapsedMs(): number {
    return this.#turn === undefined ? 0 : performance.now() - this.#since
  }

  begin(turn: WatchedTurn): void {
    this.#turn = turn
    this.#since = performance.now()
    this.#startBytes = undefined
    this.#cpuMsAtTimeout = undefined
    this.#timer = setTimeout(() => this.#look(turn), firstLookMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#turn = undefined
  }

  /** Whether memory is what the turn that is on the CPU has too much of. */
  get hasOutgrown(): boolean {
    const { pid } = this.#options
    const bytes = this.#turn && residentBytes(pid())
    if (bytes === undefined) return false
    this.#startBytes ??= bytes
    return bytes - this.#startBytes > allowedGrowth(this.#turn!.memoryLimitMb)
  }

  #look(turn: WatchedTurn): void {
    const reason = this.hasOutgrown ? 'memory' : this.#overTime(turn)
    if (reason !== undefined) {
      this.#options.onOverrun(reason)
      return
    }
    this.#timer = setTimeout(() => this.#look(turn), lookMs)
    this.#options.onLook()
  }

  #overTime({ timeoutMs }: WatchedTurn): 'timeout' | 'stalled' | undefined {
    const overMs = this.elapsedMs - timeoutMs
    if (overMs < 0) return undefined
    const cpuMs = processCpuMs(this.#options.pid())
    this.#cpuMsAtTimeout ??= cpuMs
    if (cpuMs === undefined || this.#cpuMsAtTimeout === undefined) {
      return overMs > maxUnmeasuredOverrunMs ? 'timeout' : undefined
    }
    if (cpuMs - this.#cpuMsAtTimeout >= overrunCpuMs) return 'timeout'
    return overMs > maxOverrunMs ? 'stalled' : undefined
  }
}
