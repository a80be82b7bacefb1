import type { SandboxProcess } from './sandbox-process.ts'
import { residentBytes } from './proc.ts'

const MiB = 1024 * 1024

const tickMs = 1_000

/**
 * Milliseconds without a turn after which a guest may be evicted when memory is full: until then it may be about to get
 * its next turn.
 */
const minWaitMs = 50

/**
 * Returns the bytes of resident memory beyond that of its guests above which an idle process is replaced. V8 keeps
 * memory that it has freed.
 */
const allowedBloat = (guestBytes: number) => 512 * MiB + guestBytes

interface HousekeepingOptions {
  readonly memoryBytes: number
  readonly evictAfterMs: number
  readonly recycleAfter: number
  /** Resident memory in bytes above which a process is ended at any time; its guests are replayed in others. */
  readonly maxProcessBytes: number
  /** Number of idle processes that a tenant keeps. */
  readonly size: number
  readonly serving: () => readonly SandboxProcess[]
  readonly end: (process: SandboxProcess) => void
  readonly onTick: () => void
}

/**
 * Keeps the memory of the sandbox processes within bounds. It evicts waiting guests when memory is full or they have
 * waited for long, which their executions do not notice, and replaces processes that have served enough guests.
 */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Whether guests keep more memory than the limit. */
  get isFull(): boolean {
    return bytesOf(this.#options.serving()) > this.#options.memoryBytes
  }

  /**
   * Ends a process that has nothing left to do, and otherwise evicts guests if memory is full. It is called when a turn
   * or a guest has ended in the process.
   */
  look(process: SandboxProcess): void {
    if (process.served >= this.#options.recycleAfter) process.retire()
    if (isDone(process)) this.#options.end(process)
    else this.#makeRoom()
  }

  #makeRoom(): void {
    if (!this.isFull) return
    const serving = this.#options.serving()
    let bytes = bytesOf(serving)
    // Eviction goes below the limit, so that it is not needed again at once.
    const target = this.#options.memoryBytes * 0.9
    // Far above the limit, guests that have only just become idle are evicted too.
    const oldest = performance.now() - (bytes > this.#options.memoryBytes * 1.5 ? 0 : minWaitMs)
    for (const process of serving.toSorted((one, other) => other.residents.bytes - one.residents.bytes)) {
      const before = process.residents.bytes
      process.evict((idleSince) => idleSince > oldest || bytes - before + process.residents.bytes <= target)
      bytes += process.residents.bytes - before
    }
  }

  #tick(): void {
    const { evictAfterMs, maxProcessBytes, serving, end, onTick } = this.#options
    const oldest = performance.now() - evictAfterMs
    for (const process of serving()) {
      process.evict((idleSince) => idleSince > oldest)
      const bytes = residentBytes(process.pid) ?? 0
      if (process.load === 0 && bytes - process.residents.bytes > allowedBloat(process.residents.bytes)) {
        process.retire()
        process.evict(() => false)
      }
      if (bytes > maxProcessBytes) end(process)
      else this.look(process)
    }
    this.#endSurplus()
    onTick()
  }

  /** Ends the idle processes of a tenant beyond the number of slots, which were started because of long turns. */
  #endSurplus(): void {
    const kept = new Map<string, number>()
    for (const process of this.#options.serving()) {
      const { tenant } = process.cordon!
      const count = (kept.get(tenant) ?? 0) + 1
      if (count > this.#options.size && process.load === 0 && process.residents.size === 0) this.#options.end(process)
      else kept.set(tenant, count)
    }
  }
}

function bytesOf(processes: readonly SandboxProcess[]): number {
  return processes.reduce((sum, { residents }) => sum + residents.bytes, 0)
}

/** Returns whether a process has no guests left and takes no further ones. */
function isDone({ retiring, cordon, load, residents }: SandboxProcess): boolean {
  return load === 0 && residents.size === 0 && (retiring || cordon?.alone === true)
}
