import type { GuestSpec, SandboxVersions } from './protocol.ts'
import { pipelinedTurns, SandboxProcess } from './sandbox-process.ts'
import type { Guest, Sandbox } from './sandbox.ts'

interface ProcessPoolOptions {
  /** How many sandbox processes take turns at once. */
  readonly size: number
  /** Told of each process that ended although nobody asked it to. */
  onCrash(reason: string): void
}

/** Long turns may make the pool this many times larger than its slots; the operating system shares the CPU then. */
const maxGrowth = 3

/** A failing start is tried again after this long, so that a broken machine is not spun. */
const restartDelayMs = 250

/**
 * The sandbox processes: as many as there are CPU slots, and a warm spare that steps in at once when one dies, or when
 * all of them are held by long turns.
 */
export class ProcessPool implements Sandbox {
  readonly #options: ProcessPoolOptions
  readonly #processes = new Set<SandboxProcess>()
  /** Processes that have reported ready; a pool without one is not ready. */
  readonly #ready = new Set<SandboxProcess>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  #spare: SandboxProcess | undefined
  #versions: SandboxVersions | undefined
  #closed = false
  #onRoom: () => void = () => {}

  private constructor(options: ProcessPoolOptions) {
    this.#options = options
  }

  /** Starts the processes and resolves when the first is ready. */
  static async start(options: ProcessPoolOptions): Promise<ProcessPool> {
    const pool = new ProcessPool(options)
    const started = new Promise<void>((resolve, reject) => {
      const first = pool.#launch({ onReady: resolve, onFirstExit: (reason) => reject(new SandboxStartError(reason)) })
      pool.#processes.add(first)
    })
    while (pool.#processes.size < options.size) pool.#processes.add(pool.#launch())
    pool.#spare = pool.#launch()
    try {
      await started
    } catch (error) {
      await pool[Symbol.asyncDispose]()
      throw error
    }
    return pool
  }

  get versions(): SandboxVersions {
    return this.#versions!
  }

  /** Whether a process is there that can take a guest. */
  get ready(): boolean {
    return !this.#closed && this.#ready.size > 0
  }

  roomFor(tenant: string): number {
    if (this.#mustLeaveRoom(tenant)) return 0
    if (this.#canGrow) return pipelinedTurns
    return [...this.#processes].reduce((sum, process) => sum + process.room, 0)
  }

  onRoom(listener: () => void): void {
    this.#onRoom = listener
  }

  open(spec: GuestSpec, tenant: string): Guest {
    return this.#place(tenant).open(spec, tenant)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const timer of this.#restarts) clearTimeout(timer)
    const all = [...this.#processes, ...(this.#spare ? [this.#spare] : [])]
    await Promise.all(all.map((process) => process.end()))
  }

  #place(tenant: string): SandboxProcess {
    this.#retireSurplus()
    const mustLeaveRoom = this.#mustLeaveRoom(tenant)
    const free = [...this.#processes].filter((process) => process.stuck === mustLeaveRoom)
    if (this.#canGrow && !mustLeaveRoom) return this.#promoteSpare()
    return (free.length > 0 ? free : [...this.#processes]).reduce(lighter)
  }

  get #busy(): number {
    return [...this.#processes].filter((process) => process.load > 0).length
  }

  /** A tenant whose long turns hold processes already leaves the last one that is free, or could be added, to others. */
  #mustLeaveRoom(tenant: string): boolean {
    const processes = [...this.#processes]
    const held = processes.filter((process) => process.stuck).length
    if (this.#maxSize - held > 1) return false
    return processes.some((process) => process.stuckTenant === tenant)
  }

  get #maxSize(): number {
    return this.#options.size * maxGrowth
  }

  /** Whether every process is held by a long turn and another may be added. */
  get #canGrow(): boolean {
    return this.#processes.size < this.#maxSize && [...this.#processes].every((process) => process.stuck)
  }

  #promoteSpare(): SandboxProcess {
    const promoted = this.#spare ?? this.#launch()
    this.#processes.add(promoted)
    this.#spare = this.#closed ? undefined : this.#launch()
    return promoted
  }

  /** Long turns made the pool larger than its slots; what has become idle since goes again. */
  #retireSurplus(): void {
    for (const process of this.#processes) {
      if (this.#processes.size <= this.#options.size) return
      if (process.guestCount > 0 || process.load > 0) continue
      this.#processes.delete(process)
      void process.end()
    }
  }

  #launch(watch: { onReady?: () => void; onFirstExit?: (reason: string) => void } = {}): SandboxProcess {
    const process: SandboxProcess = new SandboxProcess({
      onReady: (versions) => {
        this.#versions ??= versions
        this.#ready.add(process)
        watch.onReady?.()
        this.#onRoom()
      },
      onChange: () => this.#onRoom(),
      contention: () => Math.max(1, this.#busy / this.#options.size),
      hasElsewhere: (tenant) =>
        !this.#mustLeaveRoom(tenant) &&
        (this.#canGrow || [...this.#processes].some((other) => other !== process && !other.stuck)),
      onExit: (reason) => {
        watch.onFirstExit?.(reason)
        this.#replace(process, reason)
      },
    })
    return process
  }

  #replace(process: SandboxProcess, reason: string): void {
    const wasReady = this.#ready.delete(process)
    const wasServing = this.#processes.delete(process)
    const wasSpare = this.#spare === process
    if (wasSpare) this.#spare = undefined
    if (this.#closed || !(wasServing || wasSpare)) return
    this.#options.onCrash(reason)
    if (wasReady) this.#refill()
    else this.#refillLater()
  }

  #refill(): void {
    if (this.#processes.size < this.#options.size) this.#promoteSpare()
    this.#spare ??= this.#launch()
  }

  #refillLater(): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer)
      this.#refill()
    }, restartDelayMs)
    this.#restarts.add(timer)
  }
}

/** The first sandbox process did not start; the message carries what it said. */
class SandboxStartError extends Error {
  override readonly name = 'SandboxStartError'

  constructor(reason: string) {
    super(`The sandbox process could not be started: ${reason}`)
  }
}

function lighter(a: SandboxProcess, b: SandboxProcess): SandboxProcess {
  if (a.load !== b.load) return a.load < b.load ? a : b
  return a.guestCount <= b.guestCount ? a : b
}
