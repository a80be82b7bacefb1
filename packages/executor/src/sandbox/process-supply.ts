import { candidateJails, type Jail } from './jail/jails.ts'
import { isAtLeast, type IsolationTier } from './jail/tiers.ts'
import { brokenPromise } from './jail/verify.ts'
import { findCgroupParent, type CgroupParent } from './memory-cgroup.ts'
import type { SandboxVersions } from './protocol.ts'
import type { SandboxObserver } from './sandbox-observer.ts'
import { SandboxProcess, type Cordon, type SandboxProcessOptions } from './sandbox-process.ts'

/** Callbacks of the sandbox processes, each called with the process. */
export type ProcessListener = {
  readonly [Name in keyof Omit<SandboxProcessOptions, 'jail' | 'memory' | 'onReady' | 'onExit'>]: (
    process: SandboxProcess,
  ) => ReturnType<SandboxProcessOptions[Name]>
} & {
  onReady(process: SandboxProcess): void
}

interface SupplyOptions {
  /** Number of processes to start with. */
  readonly initial: number
  /** Maximum number of processes, including those in service. */
  readonly max: number
  readonly minIsolation: IsolationTier
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

/** All sandbox processes: those in service, and at least one unused process that is ready to be assigned. */
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
  #closed = false

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
      const failure = await supply.#begin()
      if (failure === undefined) return supply
      failures.push(`${jail.tier}: ${failure}`)
      await supply[Symbol.asyncDispose]()
    }
    throw new SandboxStartError(minIsolation, failures)
  }

  get versions(): SandboxVersions {
    return this.#versions!
  }

  get ready(): boolean {
    return !this.#closed && this.#ready.size > 0
  }

  /** Processes that are assigned to a tenant. */
  get serving(): readonly SandboxProcess[] {
    return this.#serving
  }

  /** Whether a process can be assigned without ending another. */
  get hasFresh(): boolean {
    return !this.#closed && (this.#mayLaunch || this.#fresh !== undefined)
  }

  /** Whether an unused process is ready. */
  get hasReady(): boolean {
    return !this.#closed && [...this.#ready].some(({ cordon }) => cordon === undefined)
  }

  /** Assigns an unused sandbox process to a tenant. Returns undefined if there is none and no other may be started. */
  take(cordon: Cordon): SandboxProcess | undefined {
    if (this.#closed) return undefined
    const taken = this.#fresh ?? (this.#mayLaunch ? this.#launch() : undefined)
    if (taken === undefined) return undefined
    taken.assign(cordon)
    this.#serving = [...this.#serving, taken]
    // Starting a process takes the executor a while, so the turn for which this one is taken is sent first.
    setImmediate(() => this.refill())
    return taken
  }

  /** Ends a process, and replaces it if no unused one is left. */
  end(process: SandboxProcess): void {
    this.#forget(process)
    void process.end()
    queueMicrotask(() => this.refill())
  }

  /** Starts an unused process if there is none and another one may be started. */
  refill(): void {
    if (!this.#closed && this.#fresh === undefined && this.#mayLaunch) this.#launch()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#othersTimer)
    for (const timer of this.#restarts) clearTimeout(timer)
    await Promise.all([...this.#all].map((process) => process.end()))
  }

  /** Whether another process may be started: not at the maximum, and not during the backoff after a failed start. */
  get #mayLaunch(): boolean {
    return this.#all.size < this.#options.max && this.#restarts.size === 0
  }

  get #fresh(): SandboxProcess | undefined {
    const fresh = [...this.#all].filter(({ cordon }) => cordon === undefined)
    return fresh.find((process) => this.#ready.has(process)) ?? fresh[0]
  }

  /**
   * Starts the first process, and the others soon after it works. Resolves with the failure of the jail, or undefined
   * if it works.
   */
  async #begin(): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const first = this.#launch({ onReady: () => resolve(undefined), onExit: resolve })
    const failure = (await promise) ?? brokenPromise(this.jail, first.pid)
    if (failure !== undefined) return failure
    this.#othersTimer = setTimeout(() => this.#launchOthers(), othersDelayMs).unref()
    return undefined
  }

  #launchOthers(): void {
    while (this.#mayLaunch && this.#all.size < this.#options.initial) this.#launch()
  }

  #launch(first?: { onReady(): void; onExit(reason: string): void }): SandboxProcess {
    const { listener } = this.#options
    const process: SandboxProcess = new SandboxProcess({
      jail: this.jail,
      ...(this.cgroups && { memory: { parent: this.cgroups, maxBytes: this.#options.maxProcessBytes! } }),
      onReady: (versions) => {
        this.#versions ??= versions
        this.#ready.add(process)
        first?.onReady()
        listener.onReady(process)
      },
      onExit: (reason, fromOutside) => {
        first?.onExit(reason)
        this.#replace(process, reason, fromOutside)
      },
      onChange: () => listener.onChange(process),
      onMisdeed: () => listener.onMisdeed(process),
      isFull: () => listener.isFull(process),
      hasElsewhere: () => listener.hasElsewhere(process),
      contention: () => listener.contention(process),
    })
    this.#all.add(process)
    return process
  }

  #forget(process: SandboxProcess): boolean {
    this.#ready.delete(process)
    this.#serving = this.#serving.filter((other) => other !== process)
    return this.#all.delete(process)
  }

  #replace(process: SandboxProcess, reason: string, fromOutside: boolean): void {
    const wasReady = this.#ready.has(process)
    if (!this.#forget(process) || this.#closed || this.#versions === undefined) return
    // A start that failed by itself would fail again at once.
    if (wasReady || fromOutside) this.refill()
    else this.#refillLater()
    this.#options.observer?.sandboxProcessEnded(reason)
  }

  #refillLater(): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer)
      this.refill()
    }, restartDelayMs)
    this.#restarts.add(timer)
  }
}

/**
 * Error of a start at which no jail of sufficient isolation worked. The message has the failure of each jail that was
 * tried.
 */
export class SandboxStartError extends Error {
  override readonly name = 'SandboxStartError'

  constructor(minIsolation: IsolationTier, failures: readonly string[]) {
    const tried = failures.length > 0 ? failures.map((failure) => `\n  ${failure}`).join('') : ' this system has none.'
    const hint = minIsolation === 'permissions' ? '' : ', or accept less: CODEMODE_MIN_ISOLATION=permissions'
    super(
      `No sandbox process could be started with isolation '${minIsolation}' or stronger:${tried}\n` +
        `Install what is missing (docs/hardening.md says what)${hint}`,
    )
  }
}
