import { Housekeeping } from './housekeeping.ts'
import type { Jail } from './jail/jails.ts'
import type { IsolationTier } from './jail/tiers.ts'
import { Penalties } from './penalties.ts'
import { ProcessSupply } from './process-supply.ts'
import type { GuestSpec, SandboxVersions } from './protocol.ts'
import type { SandboxObserver } from './sandbox-observer.ts'
import type { SandboxProcess } from './sandbox-process.ts'
import { pipelinedTurns } from './turn-queue.ts'
import type { Guest, Placement, Sandbox } from './sandbox.ts'

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
  readonly observer?: SandboxObserver
}

/** Bytes that a process may use beyond the memory limit of all guests: Node itself, and the guest that is running. */
const spareBytes = 1.5 * 1024 ** 3

/**
 * Milliseconds without a guest after which a process may be replaced by one for another tenant, at the maximum number
 * of processes.
 */
const minUnusedMs = 250
/**
 * Milliseconds without a turn after which a process may be replaced by one for another tenant, at the maximum number of
 * processes.
 */
const minIdleMs = 1_000
/**
 * Milliseconds of tenure after which an idle process may be replaced by one for another tenant, at the maximum number
 * of processes.
 */
const maxTenureMs = 5_000

/** Milliseconds without a turn after which a process has an isolate ready for the next guest. */
const minRestMs = 2

/**
 * Factor by which long turns may raise the number of busy processes above the number of slots. The operating system
 * then shares the CPU.
 */
const maxGrowth = 3

/**
 * Pool that places guests in sandbox processes. A process serves one tenant and no other after it. A tenant gets
 * processes as it needs them, up to the number of CPU slots, and more when long turns hold all of them.
 */
export class ProcessPool implements Sandbox {
  readonly #options: ProcessPoolOptions
  readonly #penalties = new Penalties()
  readonly #housekeeping: Housekeeping
  #supply!: ProcessSupply
  #onRoom: () => void = () => {}

  private constructor(options: ProcessPoolOptions) {
    this.#options = options
    const { memoryBytes = Infinity, evictAfterMs = Infinity, recycleAfter = Infinity, size } = options
    this.#housekeeping = new Housekeeping({
      memoryBytes,
      evictAfterMs,
      recycleAfter,
      maxProcessBytes: memoryBytes + spareBytes,
      size,
      serving: () => this.#supply.serving,
      end: (process) => this.#supply.end(process),
      onTick: () => {
        this.#penalties.sweep()
        this.#onRoom()
      },
    })
  }

  /** Starts the processes and resolves when the first is ready. Rejects with `SandboxStartError`. */
  static async start(options: ProcessPoolOptions): Promise<ProcessPool> {
    const { size, maxProcesses = Infinity, minIsolation = 'permissions', jails } = options
    const pool = new ProcessPool(options)
    pool.#supply = await ProcessSupply.start({
      initial: size + 1,
      max: maxProcesses,
      minIsolation,
      ...(options.memoryBytes !== undefined && { maxProcessBytes: options.memoryBytes + spareBytes }),
      ...(jails && { jails }),
      ...(options.observer && { observer: options.observer }),
      listener: {
        onReady: () => pool.#onRoom(),
        onChange: (process) => pool.#changed(process),
        onMisdeed: (process) => pool.#punish(process),
        isFull: () => pool.#housekeeping.isFull,
        hasElsewhere: (process) => pool.#hasElsewhere(process),
        contention: () => Math.max(1, count(pool.#supply.serving, isBusy) / size),
      },
    })
    pool.#housekeeping.start()
    return pool
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

  roomFor({ tenant, isolation }: Placement): number {
    if (this.#mustLeaveRoom(tenant)) return 0
    const free = this.#freeFor(tenant)
    // The engine asks again whenever a turn ends while executions wait, so the full case returns early.
    if (free <= 0) return 0
    const more = this.#mayAcquire(tenant) ? pipelinedTurns : 0
    if (isolation === 'execution') return Math.min(free, more > 0 ? 1 : 0)
    return Math.min(free, more + this.#open(tenant).reduce((sum, process) => sum + process.room, 0))
  }

  penaltyMs(tenant: string): number {
    return this.#penalties.waitMs(tenant)
  }

  onRoom(listener: () => void): void {
    this.#onRoom = listener
  }

  open(spec: GuestSpec, { tenant, isolation }: Placement): Guest {
    const process = isolation === 'execution' ? this.#acquire(tenant, true) : this.#place(tenant)
    return process?.open(spec) ?? homeless
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#housekeeping.stop()
    await this.#supply[Symbol.asyncDispose]()
  }

  /**
   * Returns the tenant's idle process that has rested longest, or another process for the tenant, or the one with the
   * fewest turns.
   */
  #place(tenant: string): SandboxProcess | undefined {
    const own = this.#open(tenant)
    const free = own.filter((process) => !process.stuck)
    const idle = free.filter(({ load }) => load === 0)
    // No unused process is left: the idle process with the fewest guests takes this one.
    if (idle.length > 0 && !this.#supply.hasFresh) return idle.reduce(emptier)
    const rested = idle.length > 0 ? idle.reduce(longerIdle) : undefined
    if (rested && (rested.idleMs >= minRestMs || !this.#supply.hasReady)) return rested
    const another = this.#mayAcquire(tenant) ? this.#acquire(tenant, false) : undefined
    if (another ?? rested) return another ?? rested
    return (free.length > 0 ? free : own).reduce<SandboxProcess | undefined>(lighter, undefined)
  }

  /** Returns the tenant's processes that take further guests. */
  #open(tenant: string): SandboxProcess[] {
    return this.#supply.serving.filter(
      ({ cordon, retiring }) => !retiring && cordon?.tenant === tenant && !cordon.alone,
    )
  }

  /**
   * Returns the number of further turns that may wait for a CPU slot. A tenant without a busy process always has its
   * share, however busy others are.
   */
  #freeFor(tenant: string): number {
    let free = this.#options.size * pipelinedTurns
    for (const process of this.#supply.serving) if (isBusy(process) && !process.stuck) free -= process.load
    return this.#busyOf(tenant) === 0 ? Math.max(free, pipelinedTurns) : free
  }

  #busyOf(tenant: string): number {
    return count(this.#supply.serving, (process) => isBusy(process) && process.cordon?.tenant === tenant)
  }

  /**
   * Returns whether the tenant may get another process: without those held by long turns, it has fewer than there are
   * slots, and its busy ones do not exceed its fair share.
   */
  #mayAcquire(tenant: string): boolean {
    const { size } = this.#options
    const open = this.#open(tenant)
    if (count(open, (process) => !process.stuck) >= size || this.#mustLeaveRoom(tenant)) return false
    const busy = this.#supply.serving.filter(isBusy)
    const busyTenants = new Set(busy.map(({ cordon }) => cordon?.tenant)).add(tenant)
    if (this.#busyOf(tenant) >= Math.max(1, Math.floor((size * maxGrowth) / busyTenants.size))) return false
    // A process is displaced only for a tenant that has none.
    return this.#supply.hasFresh || (open.length === 0 && this.#displaceable(tenant) !== undefined)
  }

  /**
   * Assigns an unused process to the tenant. At the maximum number of processes, the least needed one is ended for it.
   * Returns undefined if there is none.
   */
  #acquire(tenant: string, alone: boolean): SandboxProcess | undefined {
    const displaced = this.#supply.hasFresh ? undefined : this.#displaceable(tenant)
    if (displaced) this.#supply.end(displaced)
    return this.#supply.take({ tenant, alone })
  }

  /**
   * Returns the idle process that is needed least; its guests are evicted with it. A tenant that uses its process keeps
   * it for a while, because replacing processes at every change of tenant would do nothing but start processes.
   */
  #displaceable(tenant: string): SandboxProcess | undefined {
    const idle = this.#supply.serving.filter(({ load }) => load === 0)
    const own = idle.filter(({ cordon, retiring }) => cordon?.tenant === tenant && retiring)
    if (own.length > 0) return own.reduce(longerIdle)
    const unused = idle.filter(({ residents, idleMs }) => residents.size === 0 && idleMs >= minUnusedMs)
    if (unused.length > 0) return unused.reduce(longerIdle)
    const spare = idle.filter(({ idleMs, tenureMs }) => idleMs >= minIdleMs || tenureMs >= maxTenureMs)
    return spare.reduce<SandboxProcess | undefined>((one, other) => (one ? longerIdle(one, other) : other), undefined)
  }

  /**
   * Returns whether the tenant must leave the last process that may be busy to others, because its long turns hold
   * processes already.
   */
  #mustLeaveRoom(tenant: string): boolean {
    const { serving } = this.#supply
    // This runs at every admission, and mostly there are too few processes to look at.
    if (this.#options.size * maxGrowth - serving.length > 1) return false
    const held = serving.filter((process) => process.stuck)
    if (this.#options.size * maxGrowth - held.length > 1) return false
    return held.some(({ cordon }) => cordon?.tenant === tenant)
  }

  #hasElsewhere(process: SandboxProcess): boolean {
    const { tenant } = process.cordon!
    return this.#mayAcquire(tenant) || this.#open(tenant).some((other) => other !== process && !other.stuck)
  }

  #changed(process: SandboxProcess): void {
    this.#housekeeping.look(process)
    this.#onRoom()
  }

  #punish({ cordon }: SandboxProcess): void {
    if (!cordon) return
    const waitedBefore = this.#penalties.waitMs(cordon.tenant) > 0
    const penaltyMs = this.#penalties.add(cordon.tenant)
    if (penaltyMs > 0 && !waitedBefore) this.#options.observer?.tenantThrottled(cordon.tenant, penaltyMs)
  }
}

/** Guest that has no process. Its turns are lost, so the caller tries again a little later. */
const homeless: Guest = {
  turn: async () => ({ type: 'lost' }),
  close() {},
}

function isBusy({ load }: SandboxProcess): boolean {
  return load > 0
}

/**
 * Returns the number of items for which `isSo` holds. It runs several times for each execution, so it makes no arrays.
 */
function count<Item>(items: readonly Item[], isSo: (item: Item) => boolean): number {
  let so = 0
  for (const item of items) if (isSo(item)) so += 1
  return so
}

function lighter(one: SandboxProcess | undefined, other: SandboxProcess): SandboxProcess {
  return one && one.load <= other.load ? one : other
}

function emptier(one: SandboxProcess, other: SandboxProcess): SandboxProcess {
  return one.residents.size <= other.residents.size ? one : other
}

function longerIdle(one: SandboxProcess, other: SandboxProcess): SandboxProcess {
  return one.idleMs >= other.idleMs ? one : other
}
