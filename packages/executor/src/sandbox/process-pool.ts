import { Housekeeping } from './housekeeping.ts'
import type { Jail } from './jail/jails.ts'
import type { IsolationTier } from './jail/tiers.ts'
import { Penalties } from './penalties.ts'
import { ProcessSupply } from './process-supply.ts'
import type { GuestSpec, SandboxVersions } from './protocol.ts'
import type { SandboxProcess } from './sandbox-process.ts'
import { pipelinedTurns } from './turn-queue.ts'
import type { Guest, Placement, Sandbox } from './sandbox.ts'

interface ProcessPoolOptions {
  /** How many sandbox processes take turns at once. */
  readonly size: number
  /** How many sandbox processes there may be, those included in which executions only wait. */
  readonly maxProcesses?: number
  /** How much memory guests may keep in all, roughly, before those that have waited longest are evicted. */
  readonly memoryBytes?: number
  /** How long a guest may wait before it is evicted. */
  readonly evictAfterMs?: number
  /** A process is replaced after it has served so many guests. */
  readonly recycleAfter?: number
  /** No process is started with less around it. */
  readonly minIsolation?: IsolationTier
  /** The jails to try; those that this machine may offer if not given. */
  readonly jails?: readonly Jail[]
  /** Told of each process that died, or had to be ended because of what ran in it. */
  onCrash(reason: string): void
  /** Told when a tenant has to wait because its code keeps costing processes. */
  onPenalty?(tenant: string, penaltyMs: number): void
}

/** What a process may have beyond what all guests may keep: Node itself, and the guest that is running. */
const spareBytes = 1.5 * 1024 ** 3

/** When there are as many processes as there may be, one is taken from its tenant after so long without a guest, */
const minUnusedMs = 250
/** or without a turn, */
const minIdleMs = 1_000
/** or, at its next idle moment, after having had it for so long. */
const maxTenureMs = 5_000

/** After so long without a turn a process has an isolate ready for the next guest. */
const minRestMs = 2

/** Long turns may make so many times more processes busy than there are slots; the operating system shares the CPU then. */
const maxGrowth = 3

/**
 * The sandbox processes and who is in which. A process serves one tenant and then nobody: a tenant gets processes as it has
 * use for them, up to the number of CPU slots, and more when all of them are held by long turns.
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

  /** Starts the processes and resolves when the first is ready. Throws `SandboxStartError`. */
  static async start(options: ProcessPoolOptions): Promise<ProcessPool> {
    const { size, maxProcesses = Infinity, minIsolation = 'permissions', jails } = options
    const pool = new ProcessPool(options)
    pool.#supply = await ProcessSupply.start({
      initial: size + 1,
      max: maxProcesses,
      minIsolation,
      ...(options.memoryBytes !== undefined && { maxProcessBytes: options.memoryBytes + spareBytes }),
      ...(jails && { jails }),
      listener: {
        onReady: () => pool.#onRoom(),
        onChange: (process) => pool.#changed(process),
        onMisdeed: (process) => pool.#punish(process),
        onCrash: (reason) => options.onCrash(reason),
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

  /** What is around every process. */
  get jail(): Jail {
    return this.#supply.jail
  }

  /** How the processes' memory is limited besides being watched. */
  get memoryLimitedBy(): 'cgroup v1' | 'cgroup v2' | undefined {
    const version = this.#supply.cgroups?.version
    return version && `cgroup v${version}`
  }

  /** Whether a process is there that can take a guest. */
  get ready(): boolean {
    return this.#supply.ready
  }

  roomFor({ tenant, isolation }: Placement): number {
    if (this.#mustLeaveRoom(tenant)) return 0
    const free = this.#freeFor(tenant)
    // Asked again whenever a turn ends while executions wait.
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

  /** The idle process of the tenant that has rested most, or another for it; or the one that is free soonest. */
  #place(tenant: string): SandboxProcess | undefined {
    const own = this.#open(tenant)
    const free = own.filter((process) => !process.stuck)
    const idle = free.filter(({ load }) => load === 0)
    // Where processes are scarce, one that can be spared is left alone.
    if (idle.length > 0 && !this.#supply.hasFresh) return idle.reduce(emptier)
    const rested = idle.length > 0 ? idle.reduce(longerIdle) : undefined
    if (rested && (rested.idleMs >= minRestMs || !this.#supply.hasReady)) return rested
    const another = this.#mayAcquire(tenant) ? this.#acquire(tenant, false) : undefined
    if (another ?? rested) return another ?? rested
    return (free.length > 0 ? free : own).reduce<SandboxProcess | undefined>(lighter, undefined)
  }

  /** The tenant's processes that take further guests. */
  #open(tenant: string): SandboxProcess[] {
    return this.#supply.serving.filter(
      ({ cordon, retiring }) => !retiring && cordon?.tenant === tenant && !cordon.alone,
    )
  }

  /** How many turns more may wait for a CPU slot. A tenant for whom none runs has its share, however busy others are. */
  #freeFor(tenant: string): number {
    let free = this.#options.size * pipelinedTurns
    for (const process of this.#supply.serving) if (isBusy(process) && !process.stuck) free -= process.load
    return this.#busyOf(tenant) === 0 ? Math.max(free, pipelinedTurns) : free
  }

  #busyOf(tenant: string): number {
    return count(this.#supply.serving, (process) => isBusy(process) && process.cordon?.tenant === tenant)
  }

  /** Whether the tenant may have one more process: it has fewer than there are slots that are not held by long turns. */
  #mayAcquire(tenant: string): boolean {
    const { size } = this.#options
    const open = this.#open(tenant)
    if (count(open, (process) => !process.stuck) >= size || this.#mustLeaveRoom(tenant)) return false
    const busy = this.#supply.serving.filter(isBusy)
    const busyTenants = new Set(busy.map(({ cordon }) => cordon?.tenant)).add(tenant)
    if (this.#busyOf(tenant) >= Math.max(1, Math.floor((size * maxGrowth) / busyTenants.size))) return false
    // Nobody loses a process to a tenant that has one.
    return this.#supply.hasFresh || (open.length === 0 && this.#displaceable(tenant) !== undefined)
  }

  /** A process that has served nobody. If there is no place for another one, the one that is missed least makes room. */
  #acquire(tenant: string, alone: boolean): SandboxProcess | undefined {
    const displaced = this.#supply.hasFresh ? undefined : this.#displaceable(tenant)
    if (displaced) this.#supply.end(displaced)
    return this.#supply.take({ tenant, alone })
  }

  /**
   * The idle process that is missed least; its guests are evicted with it. A tenant that makes use of its process keeps it
   * for a while: what is replaced at every change would do nothing but start processes.
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

  /** A tenant whose long turns hold processes already leaves the last one that may be busy to others. */
  #mustLeaveRoom(tenant: string): boolean {
    const { serving } = this.#supply
    // Asked at every admission, and mostly there are too few to be looked at.
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
    if (penaltyMs > 0 && !waitedBefore) this.#options.onPenalty?.(cordon.tenant, penaltyMs)
  }
}

/** Where there is no place, whoever asks for a turn tries again a little later. */
const homeless: Guest = {
  turn: async () => ({ type: 'lost' }),
  close() {},
}

function isBusy({ load }: SandboxProcess): boolean {
  return load > 0
}

/** How many are so. Asked several times for each execution, which makes no arrays for it. */
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
