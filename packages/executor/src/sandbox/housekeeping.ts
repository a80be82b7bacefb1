import type { SandboxProcess } from './sandbox-process.ts'
import { residentBytes } from './proc.ts'

const MiB = 1024 * 1024

const tickMs = 1_000

/** A guest whose last turn has only just ended may be about to get the next one. */
const minWaitMs = 50

/** An idle process that takes so much more memory than its guests account for is replaced: V8 keeps what it has freed. */
const allowedBloat = (guestBytes: number) => 512 * MiB + guestBytes

interface HousekeepingOptions {
  readonly memoryBytes: number
  readonly evictAfterMs: number
  readonly recycleAfter: number
  /** A process with more is ended, whatever it does: its guests are replayed in others. */
  readonly maxProcessBytes: number
  /** How many processes a tenant keeps when it has no use for them. */
  readonly size: number
  readonly serving: () => readonly SandboxProcess[]
  readonly end: (process: SandboxProcess) => void
  readonly onTick: () => void
}

/**
 * Keeps the memory of the sandbox processes in bounds. Guests that only wait are evicted, when there is too little room or
 * they have waited for long; their executions do not notice. Processes are replaced when they have served enough.
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

  /** Whether guests keep as much memory as they may. */
  get isFull(): boolean {
    return bytesOf(this.#options.serving()) > this.#options.memoryBytes
  }

  /** Looks at a process in which a turn or a guest has ended. */
  look(process: SandboxProcess): void {
    if (process.served >= this.#options.recycleAfter) process.retire()
    if (isDone(process)) this.#options.end(process)
    else this.#makeRoom()
  }

  #makeRoom(): void {
    if (!this.isFull) return
    const serving = this.#options.serving()
    let bytes = bytesOf(serving)
    // A little more than is needed, so that it is not needed again at once.
    const target = this.#options.memoryBytes * 0.9
    // Far above it, guests that are hardly ever idle are no better than others.
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

  /** Long turns made a tenant's processes more than there are slots; what has become idle since goes again. */
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

/** Whether nothing is left of what the process was for. */
function isDone({ retiring, cordon, load, residents }: SandboxProcess): boolean {
  return load === 0 && residents.size === 0 && (retiring || cordon?.alone === true)
}
