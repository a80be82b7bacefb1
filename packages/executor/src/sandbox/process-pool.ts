import { deferredGuest } from './deferred-guest.ts'
import type { IsolateCounts } from './isolate-reports.ts'
import type { Jail } from './jail/jails.ts'
import type { IsolationTier } from './jail/tiers.ts'
import { chooseProcess, displaceableFor, type PoolState, type Sharers } from './process-choice.ts'
import { ProcessMaintenance } from './process-maintenance.ts'
import { ProcessSupply, type ProcessStates } from './process-supply.ts'
import type { Assignment } from './process-use.ts'
import type { GuestRequest } from './process-guests.ts'
import type { GuestSpec, SandboxVersions } from './protocol.ts'
import type { RuntimeText } from './runtime-source.ts'
import type { SandboxObserver } from './sandbox-observer.ts'
import type { Guest, Placement, Sandbox } from './sandbox.ts'
import type { SandboxProcess } from './sandbox-process.ts'
import { StoredRuntimes, type ReadRuntime } from './stored-runtimes.ts'
import { canRunElsewhere, contentionIn, mayGetAnother, roomFor } from './tenant-share.ts'
import { TenantThrottle } from './tenant-throttle.ts'

interface ProcessPoolOptions {
  /** Number of sandbox processes that run turns at once (CPU slots). */
  readonly size: number
  /** Maximum number of sandbox processes, including those in which executions only wait. */
  readonly maxProcesses?: number
  /** Approximate memory in bytes that all guests together may keep before the longest waiting are evicted. */
  readonly memoryBytes?: number
  /** Milliseconds that a guest may wait before it is evicted. */
  readonly evictAfterMs?: number
  /** Number of guests after which a process is replaced. */
  readonly recycleAfter?: number
  /** Weakest isolation tier in which a process may be started. */
  readonly minIsolation?: IsolationTier
  /** Jails to try; by default those that this machine may offer. */
  readonly jails?: readonly Jail[]
  /** Guest runtime in place of that of this version. */
  readonly runtime?: RuntimeText
  /** Reads the guest runtime of another version; by default there is none. */
  readonly readRuntime?: ReadRuntime
  readonly observer?: SandboxObserver
}

/** State of the sandbox processes. */
export interface SandboxReading {
  readonly processes: ProcessStates
  /** Isolates that are ready for a guest. */
  readonly isolates: IsolateCounts
  readonly guests: number
  /** Memory of the guests in bytes. */
  readonly guestBytes: number
  /** Number of tenants that are throttled. */
  readonly throttledTenants: number
}

/** Bytes that a process may use beyond the memory limit of all guests: Node itself, and the guest that is running. */
const headroomBytes = 1.5 * 1024 ** 3

/**
 * Pool that places guests in sandbox processes. A process serves one tenant and no other after it. A tenant gets
 * processes as it needs them, up to the number of CPU slots, and more when long turns hold all of them.
 */
export class ProcessPool implements Sandbox {
  readonly #options: ProcessPoolOptions
  readonly #throttle = new TenantThrottle()
  readonly #maintenance: ProcessMaintenance
  readonly #runtimes: StoredRuntimes
  #state!: PoolState & { readonly supply: ProcessSupply }
  #onRoom: () => void = () => {}

  private constructor(options: ProcessPoolOptions) {
    this.#options = options
    this.#runtimes = new StoredRuntimes(options.readRuntime ?? (async () => undefined))
    const { memoryBytes = Infinity, evictAfterMs = Infinity, recycleAfter = Infinity, size } = options
    this.#maintenance = new ProcessMaintenance({
      memoryBytes,
      evictAfterMs,
      recycleAfter,
      maxProcessBytes: memoryBytes + headroomBytes,
      size,
      serving: () => this.#supply.serving,
      end: (process) => this.#supply.end(process),
      onEvicted: (count) => options.observer?.guestsEvicted(count),
      onChecked: () => {
        this.#throttle.removeExpired()
        this.#onRoom()
      },
    })
  }

  /** Starts the processes and resolves when the first is ready. Rejects with `SandboxStartError`. */
  static async start(options: ProcessPoolOptions): Promise<ProcessPool> {
    const { size, maxProcesses = Infinity, minIsolation = 'permissions', jails } = options
    const pool = new ProcessPool(options)
    const supply = await ProcessSupply.start({
      initial: size + 1,
      max: maxProcesses,
      minIsolation,
      ...(options.memoryBytes !== undefined && { maxProcessBytes: options.memoryBytes + headroomBytes }),
      ...(jails && { jails }),
      ...(options.runtime && { runtime: options.runtime }),
      ...(options.observer && { observer: options.observer }),
      listener: {
        onReady: () => pool.#onRoom(),
        onChange: (process) => pool.#changed(process),
        onFault: (process) => pool.#countFault(process),
        isMemoryFull: () => pool.#maintenance.isMemoryFull,
        canRunElsewhere: (process) => canRunElsewhere(pool.#state, process),
        contention: () => contentionIn(pool.#state),
      },
    })
    pool.#state = { size, supply }
    pool.#maintenance.start()
    return pool
  }

  get #supply(): ProcessSupply {
    return this.#state.supply
  }

  get versions(): SandboxVersions {
    return this.#supply.versions
  }

  /** Jail of every process. */
  get jail(): Jail {
    return this.#supply.jail
  }

  /** Kernel mechanism that limits the processes' memory in addition to the watchdog; undefined if there is none. */
  get memoryLimitedBy(): 'cgroup v1' | 'cgroup v2' | undefined {
    const version = this.#supply.cgroups?.version
    return version && `cgroup v${version}`
  }

  /** Whether a process is ready to take a guest. */
  get ready(): boolean {
    return this.#supply.ready
  }

  /** Returns the state of the processes and their guests. */
  reading(): SandboxReading {
    const { serving, states, isolates } = this.#supply
    return {
      processes: states,
      isolates,
      guests: serving.reduce((sum, { guests }) => sum + guests.size, 0),
      guestBytes: serving.reduce((sum, { guests }) => sum + guests.bytes, 0),
      throttledTenants: this.#throttle.throttledCount,
    }
  }

  roomFor(placement: Placement): number {
    return roomFor(this.#state, placement)
  }

  throttledMs(tenant: string): number {
    return this.#throttle.throttledMs(tenant)
  }

  onRoom(listener: () => void): void {
    this.#onRoom = listener
  }

  placeGuest(spec: GuestSpec, { tenant, isolation, runtime, ownIsolate = false }: Placement): Guest {
    const isSingleGuest = isolation === 'execution'
    const request = { spec, ownIsolate }
    if (runtime === undefined || runtime === this.versions.guestRuntime) {
      return this.#place(request, { tenant, isSingleGuest })
    }
    return deferredGuest(this.#runtimes.find(runtime), (found) =>
      this.#place(request, { tenant, isSingleGuest, runtime: found }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#maintenance.stop()
    await this.#supply[Symbol.asyncDispose]()
  }

  #place(request: GuestRequest, assignment: Assignment): Guest {
    const process = assignment.isSingleGuest ? this.#assign(assignment) : this.#processFor(assignment)
    return process?.addGuest(request) ?? unplacedGuest
  }

  /** Returns the process for a guest that may share it with others; undefined if there is none. */
  #processFor(sharers: Sharers): SandboxProcess | undefined {
    const { own, isAnotherBetter } = chooseProcess(this.#state, sharers)
    const another =
      isAnotherBetter && mayGetAnother(this.#state, sharers)
        ? this.#assign({ ...sharers, isSingleGuest: false })
        : undefined
    return another ?? own
  }

  /**
   * Assigns an unused process to the tenant. At the maximum number of processes, the least needed one is ended for it.
   * Returns undefined if there is none.
   */
  #assign(assignment: Assignment): SandboxProcess | undefined {
    const displaced = this.#supply.canAssign ? undefined : displaceableFor(this.#state, assignment.tenant)
    if (displaced) this.#supply.end(displaced)
    return this.#supply.assign(assignment)
  }

  #changed(process: SandboxProcess): void {
    this.#maintenance.check(process)
    this.#onRoom()
  }

  #countFault({ assignment }: SandboxProcess): void {
    // The runtime of another version may be the cause, and only executions that it has begun are in its processes.
    if (!assignment || assignment.runtime !== undefined) return
    const wasThrottled = this.#throttle.throttledMs(assignment.tenant) > 0
    const throttledMs = this.#throttle.addFault(assignment.tenant)
    if (throttledMs > 0 && !wasThrottled) this.#options.observer?.tenantThrottled(assignment.tenant, throttledMs)
  }
}

/** Guest that has no process. Its turns are lost, so the caller tries again a little later. */
const unplacedGuest: Guest = {
  turn: async () => ({ type: 'lost' }),
  close() {},
}
