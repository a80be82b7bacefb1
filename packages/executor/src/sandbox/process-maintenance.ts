import { residentBytes } from './proc.ts'
import type { SandboxProcess } from './sandbox-process.ts'

const MiB = 1024 * 1024

const intervalMs = 1_000

/**
 * Milliseconds without a turn after which a guest may be evicted when memory is full: until then it may be about to get
 * its next turn.
 */
const minWaitMs = 50

/**
 * Returns the bytes of resident memory beyond that of its guests above which an idle process is replaced. V8 keeps
 * memory that it has freed.
 */
const maxOverheadBytes = (guestBytes: number) => 512 * MiB + guestBytes

/** Milliseconds without guests after which a process with the guest runtime of another version is ended. */
const otherRuntimeIdleMs = 10_000

interface MaintenanceOptions {
  readonly memoryBytes: number
  readonly evictAfterMs: number
  readonly recycleAfter: number
  /** Resident memory in bytes above which a process is ended at any time; its guests are replayed in others. */
  readonly maxProcessBytes: number
  /** Number of idle processes that a tenant keeps. */
  readonly size: number
  readonly serving: () => readonly SandboxProcess[]
  readonly end: (process: SandboxProcess) => void
  /** Called with the number of guests that were evicted. */
  readonly onEvicted: (count: number) => void
  /** Called after each periodic check of all processes. */
  readonly onChecked: () => void
}

/**
 * Keeps the memory of the sandbox processes within bounds. It evicts waiting guests when memory is full or they have
 * waited for long, which their executions do not notice, and replaces processes that have served enough guests.
 */
export class ProcessMaintenance {
  readonly #options: MaintenanceOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#checkAll(), intervalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Whether guests keep more memory than the limit. */
  get isMemoryFull(): boolean {
    return bytesOf(this.#options.serving()) > this.#options.memoryBytes
  }

  /**
   * Ends a process that has nothing left to do, and otherwise evicts guests if memory is full. It is called when a turn
   * or a guest has ended in the process.
   */
  check(process: SandboxProcess): void {
    if (process.served >= this.#options.recycleAfter) process.drain()
    if (isDone(process)) this.#options.end(process)
    else this.#evictIfFull()
  }

  #evictIfFull(): void {
    if (!this.isMemoryFull) return
    const serving = this.#options.serving()
    let bytes = bytesOf(serving)
    // Eviction goes below the limit, so that it is not needed again at once.
    const targetBytes = this.#options.memoryBytes * 0.9
    // Far above the limit, guests that have only just become idle are evicted too.
    const latestIdle = performance.now() - (bytes > this.#options.memoryBytes * 1.5 ? 0 : minWaitMs)
    for (const process of serving.toSorted((one, other) => other.guests.bytes - one.guests.bytes)) {
      const before = process.guests.bytes
      this.#evict(
        process,
        (idleSince) => idleSince > latestIdle || bytes - before + process.guests.bytes <= targetBytes,
      )
      bytes += process.guests.bytes - before
    }
  }

  #evict(process: SandboxProcess, isEnough: (idleSince: number) => boolean): void {
    const before = process.guests.size
    process.evict(isEnough)
    const evicted = before - process.guests.size
    if (evicted > 0) this.#options.onEvicted(evicted)
  }

  #checkAll(): void {
    const { evictAfterMs, maxProcessBytes, serving, end, onChecked } = this.#options
    const latestIdle = performance.now() - evictAfterMs
    for (const process of serving()) {
      this.#evict(process, (idleSince) => idleSince > latestIdle)
      const bytes = residentBytes(process.pid) ?? 0
      if (process.load === 0 && bytes - process.guests.bytes > maxOverheadBytes(process.guests.bytes)) {
        process.drain()
        this.#evict(process, () => false)
      }
      if (bytes > maxProcessBytes) end(process)
      else this.check(process)
    }
    this.#endSurplus()
    onChecked()
  }

  /** Ends the idle processes of a tenant beyond the number of slots, which were started because of long turns. */
  #endSurplus(): void {
    const kept = new Map<string, number>()
    for (const process of this.#options.serving()) {
      const { tenant } = process.assignment!
      const count = (kept.get(tenant) ?? 0) + 1
      if (count > this.#options.size && process.load === 0 && process.guests.size === 0) this.#options.end(process)
      else kept.set(tenant, count)
    }
  }
}

function bytesOf(processes: readonly SandboxProcess[]): number {
  return processes.reduce((sum, { guests }) => sum + guests.bytes, 0)
}

/** Returns whether a process has no guests left and takes or expects no further ones. */
function isDone({ isDraining, assignment, load, guests, idleMs }: SandboxProcess): boolean {
  if (load > 0 || guests.size > 0) return false
  if (isDraining || assignment?.isSingleGuest === true) return true
  return assignment?.runtime !== undefined && idleMs >= otherRuntimeIdleMs
}
