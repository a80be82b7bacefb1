import type { IsolateCounts } from './isolate-reports.ts'
import { candidateJails, type Jail } from './jail/jails.ts'
import { isAtLeast, type IsolationTier } from './jail/tiers.ts'
import { missingProtection } from './jail/missing-protection.ts'
import { unsupportedPlatform } from './jail/unsupported-platform.ts'
import { findCgroupParent, type CgroupParent } from './memory-cgroup.ts'
import type { Assignment } from './process-use.ts'
import type { SandboxVersions } from './protocol.ts'
import type { RuntimeText } from './runtime-source.ts'
import type { SandboxObserver } from './sandbox-observer.ts'
import { SandboxProcess, type SandboxProcessOptions } from './sandbox-process.ts'
import { noBinary, noJailWorked } from './sandbox-start-error.ts'

/** Callbacks of the sandbox processes, each called with the process. */
export type ProcessListener = {
  readonly [Name in keyof Omit<SandboxProcessOptions, 'jail' | 'runtime' | 'memory' | 'onReady' | 'onExit'>]: (
    process: SandboxProcess,
  ) => ReturnType<SandboxProcessOptions[Name]>
} & {
  onReady(process: SandboxProcess): void
}

/**
 * Number of processes that start, that are ready and belong to no tenant, that belong to a tenant and have no turn, and that
 * have turns.
 */
export type ProcessStates = Readonly<Record<'starting' | 'unused' | 'idle' | 'busy', number>>

interface LaunchOptions {
  readonly runtime?: RuntimeText | undefined
  readonly onReady?: () => void
  readonly onExit?: (reason: string) => void
}

interface SupplyOptions {
  /** Number of processes to start with. */
  readonly initial: number
  /** Maximum number of processes, including those that are assigned to a tenant. */
  readonly max: number
  readonly minIsolation: IsolationTier
  /** Guest runtime of the processes; that of this version by default. */
  readonly runtime?: RuntimeText
  /** Memory limit in bytes that the kernel enforces on each process, where control groups can be made. */
  readonly maxProcessBytes?: number
  /** Jails to try, in this order. */
  readonly jails?: readonly Jail[]
  readonly observer?: SandboxObserver
  readonly listener: ProcessListener
}

/**
 * Milliseconds from the readiness of the first process to the start of the others. The first result is likely to be out
 * by then; on a machine with few cores the starts would slow it down.
 */
const othersDelayMs = 250

/** Milliseconds of backoff before a failed start is repeated. */
const restartDelayMs = 250

/** All sandbox processes: those that serve a tenant, and at least one unused process that is ready to be assigned. */
export class ProcessSupply implements AsyncDisposable {
  readonly #options: SupplyOptions
  readonly #all = new Set<SandboxProcess>()
  #serving: readonly SandboxProcess[] = []
  /** Processes that have reported ready. Without one, the supply is not ready. */
  readonly #ready = new Set<SandboxProcess>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  readonly jail: Jail
  /** Parent of the control groups by which the kernel limits the processes' memory; undefined if it does not. */
  readonly cgroups: CgroupParent | undefined
  #versions: SandboxVersions | undefined
  #othersTimer: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(options: SupplyOptions, jail: Jail) {
    this.#options = options
    this.jail = jail
    this.cgroups = options.maxProcessBytes === undefined ? undefined : findCgroupParent()
  }

  /**
   * Starts the first process in the strongest jail that works, and the others after it. Rejects with
   * `SandboxStartError` if no jail works.
   */
  static async start(options: SupplyOptions): Promise<ProcessSupply> {
    const { minIsolation } = options
    const failures: string[] = []
    for (const jail of options.jails ?? candidateJails()) {
      if (!isAtLeast(jail.tier, minIsolation)) continue
      const supply = new ProcessSupply(options, jail)
      const failure = await supply.#startFirst()
      if (failure === undefined) return supply
      failures.push(`${jail.tier}: ${failure}`)
      await supply[Symbol.asyncDispose]()
    }
    const unsupported = unsupportedPlatform()
    throw unsupported === undefined ? noJailWorked(minIsolation, failures) : noBinary(unsupported)
  }

  get versions(): SandboxVersions {
    return this.#versions!
  }

  get ready(): boolean {
    return !this.#isClosed && this.#ready.size > 0
  }

  /** Processes that are assigned to a tenant. */
  get serving(): readonly SandboxProcess[] {
    return this.#serving
  }

  /** Whether a process can be assigned without ending another. */
  get canAssign(): boolean {
    return !this.#isClosed && (this.#mayLaunch || this.#unused !== undefined)
  }

  /** Number of processes by state. */
  get states(): ProcessStates {
    const states = { starting: 0, unused: 0, idle: 0, busy: 0 }
    for (const process of this.#all) {
      if (process.load > 0) states.busy += 1
      else if (process.assignment !== undefined) states.idle += 1
      else states[this.#ready.has(process) ? 'unused' : 'starting'] += 1
    }
    return states
  }

  /** Number of isolates that are ready for a guest in all processes. */
  get isolates(): IsolateCounts {
    const counts = { unused: 0, used: 0 }
    for (const { isolates } of this.#all) {
      counts.unused += isolates.unused
      counts.used += isolates.used
    }
    return counts
  }

  /** Assigns an unused sandbox process to a tenant. Returns undefined if there is none and no other may be started. */
  assign(assignment: Assignment): SandboxProcess | undefined {
    if (this.#isClosed) return undefined
    const { runtime } = assignment
    const process = runtime === undefined ? this.#unusedOrNew() : this.#launchOther(runtime)
    if (process === undefined) return undefined
    process.assign(assignment)
    this.#serving = [...this.#serving, process]
    // Starting a process takes the executor a while, so the turn for which this one is assigned is sent first.
    setImmediate(() => this.#refill())
    return process
  }

  /** Ends a process, and replaces it if no unused one is left. */
  end(process: SandboxProcess): void {
    this.#remove(process)
    void process.end()
    queueMicrotask(() => this.#refill())
  }

  /** Starts an unused process if there is none and another one may be started. */
  #refill(): void {
    if (!this.#isClosed && this.#unused === undefined && this.#mayLaunch) this.#launch()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#othersTimer)
    for (const timer of this.#restarts) clearTimeout(timer)
    await Promise.all([...this.#all].map((process) => process.end()))
  }

  #unusedOrNew(): SandboxProcess | undefined {
    return this.#unused ?? (this.#mayLaunch ? this.#launch() : undefined)
  }

  /** Starts a process with another guest runtime, at the maximum number of processes in place of an unused one. */
  #launchOther(runtime: RuntimeText): SandboxProcess | undefined {
    const unused = this.#unused
    if (unused !== undefined && this.#all.size >= this.#options.max) {
      this.#remove(unused)
      void unused.end()
    }
    return this.#mayLaunch ? this.#launch({ runtime }) : undefined
  }

  /** Whether another process may be started: not at the maximum, and not during the backoff after a failed start. */
  get #mayLaunch(): boolean {
    return this.#all.size < this.#options.max && this.#restarts.size === 0
  }

  get #unused(): SandboxProcess | undefined {
    const unused = [...this.#all].filter(({ assignment }) => assignment === undefined)
    return unused.find((process) => this.#ready.has(process)) ?? unused[0]
  }

  /**
   * Starts the first process, and the others soon after it works. Resolves with the failure of the jail, or undefined
   * if it works.
   */
  async #startFirst(): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const first = this.#launch({ onReady: () => resolve(undefined), onExit: resolve })
    const failure = (await promise) ?? missingProtection(this.jail, first.pid)
    if (failure !== undefined) return failure
    this.#othersTimer = setTimeout(() => this.#launchOthers(), othersDelayMs).unref()
    return undefined
  }

  #launchOthers(): void {
    while (this.#mayLaunch && this.#all.size < this.#options.initial) this.#launch()
  }

  #launch({ runtime = this.#options.runtime, onReady, onExit }: LaunchOptions = {}): SandboxProcess {
    const { listener } = this.#options
    const process: SandboxProcess = new SandboxProcess({
      jail: this.jail,
      ...(runtime && { runtime }),
      ...(this.cgroups && { memory: { parent: this.cgroups, maxBytes: this.#options.maxProcessBytes! } }),
      onReady: (versions) => {
        this.#versions ??= versions
        this.#ready.add(process)
        this.#options.observer?.sandboxProcessStarted()
        onReady?.()
        listener.onReady(process)
      },
      onExit: (reason, fromOutside) => {
        onExit?.(reason)
        this.#replaceExited(process, reason, fromOutside)
      },
      onChange: () => listener.onChange(process),
      onFault: () => listener.onFault(process),
      isMemoryFull: () => listener.isMemoryFull(process),
      canRunElsewhere: () => listener.canRunElsewhere(process),
      contention: () => listener.contention(process),
    })
    this.#all.add(process)
    return process
  }

  #remove(process: SandboxProcess): boolean {
    this.#ready.delete(process)
    this.#serving = this.#serving.filter((other) => other !== process)
    return this.#all.delete(process)
  }

  #replaceExited(process: SandboxProcess, reason: string, fromOutside: boolean): void {
    const wasReady = this.#ready.has(process)
    if (!this.#remove(process) || this.#isClosed || this.#versions === undefined) return
    // A start that failed without a cause from outside would fail again at once, except with another runtime.
    if (wasReady || fromOutside || process.assignment?.runtime !== undefined) this.#refill()
    else this.#refillLater()
    this.#options.observer?.sandboxProcessEnded(reason)
  }

  #refillLater(): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer)
      this.#refill()
    }, restartDelayMs)
    this.#restarts.add(timer)
  }
}
