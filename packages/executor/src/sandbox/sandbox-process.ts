import { blame, type Ended } from './blame.ts'
import type { Death } from './death.ts'
import { addCalls, isAnomaly, isLast, pendingTurn, reportedOutcome, wallTimeoutMs } from './pending-turn.ts'
import type { PendingTurn, RequestedTurn } from './pending-turn.ts'
import { ProcessLink, type GuestMessage, type ProcessLinkOptions } from './process-link.ts'
import type { GuestSpec } from './protocol.ts'
import { Residents } from './residents.ts'
import type { Guest, TurnOutcome } from './sandbox.ts'
import { pipelinedTurns, TurnQueue } from './turn-queue.ts'
import { allowedGrowth, TurnWatch } from './turn-watch.ts'

/** Milliseconds that a closed guest may stay on the CPU before its process is killed. */
const closeGraceMs = 500

/** Milliseconds on the CPU after which a turn counts as long and other guests should go to another process. */
const longTurnMs = 200

/** Assignment of a process to a tenant. */
export interface Cordon {
  readonly tenant: string
  /** Whether the process serves a single guest. */
  readonly alone: boolean
}

export interface SandboxProcessOptions extends Pick<ProcessLinkOptions, 'jail' | 'memory' | 'onReady'> {
  /**
   * Called when the process is gone. `reason` is text for the log; `fromOutside` says whether something outside of the
   * process ended it.
   */
  onExit(reason: string, fromOutside: boolean): void
  /** Called when there may be room for another guest, or when another process may be needed. */
  onChange(): void
  /** Called when code in this process crashed it, had it killed, or left it unfit for further guests. */
  onMisdeed(): void
  /** Returns whether the guests of all processes together keep more memory than the limit. */
  isFull(): boolean
  /** Returns whether a turn that is handed back could run sooner in another process. */
  hasElsewhere(): boolean
  /** Returns the factor by which a turn takes longer now than with a core for itself. */
  contention(): number
}

/**
 * The executor's end of one sandbox process. Turns run one at a time in the order of the queue, so the first unanswered
 * one is the one on the CPU.
 */
export class SandboxProcess {
  readonly #link: ProcessLink
  readonly #options: SandboxProcessOptions
  readonly #turns = new TurnQueue()
  readonly #residents = new Residents()
  readonly #watch: TurnWatch
  #cordon: Cordon | undefined
  #lastGuest = 0
  #alive = true
  #retiring = false
  /** Set when the executor ends the process because of the turn on the CPU. */
  #ended: Ended | undefined
  #lastTurnAt = 0
  #tenureSince = 0

  constructor(options: SandboxProcessOptions) {
    this.#options = options
    this.#watch = new TurnWatch({
      pid: () => this.#link.pid,
      onOverrun: (reason) => this.#endOverrun(reason),
      onLook: () => {
        this.#handBackImpatient()
        this.#options.onChange()
      },
    })
    this.#link = new ProcessLink({
      jail: options.jail,
      ...(options.memory && { memory: options.memory }),
      onReady: (versions) => {
        this.#startTenure()
        options.onReady(versions)
        this.#watchHead()
      },
      onMessage: (message) => this.#handle(message),
      onExit: (death) => this.#exited(death),
    })
  }

  /** Id of the process that the guests run in; undefined until it has reported ready. */
  get pid(): number | undefined {
    return this.#link.pid
  }

  /** Tenant that the process is assigned to; undefined while it is unused. A process never serves a second tenant. */
  get cordon(): Cordon | undefined {
    return this.#cordon
  }

  /** Number of turns that wait or run in the process. */
  get load(): number {
    return this.#turns.length
  }

  get residents(): Pick<Residents, 'size' | 'bytes'> {
    return this.#residents
  }

  /** Number of guests that have been opened in the process. */
  get served(): number {
    return this.#lastGuest
  }

  /** Number of further turns that would run at once, or directly after the one on the CPU. */
  get room(): number {
    return this.stuck ? 0 : Math.max(0, pipelinedTurns - this.#turns.length)
  }

  /** Whether a turn has been on the CPU for so long that others should go to another process. */
  get stuck(): boolean {
    return this.#watch.elapsedMs >= longTurnMs
  }

  /** Whether the process takes no new guests. */
  get retiring(): boolean {
    return this.#retiring
  }

  assign(cordon: Cordon): void {
    this.#cordon = cordon
    this.#startTenure()
  }

  /**
   * Restarts the measurement of tenure and idle time. It runs on assignment and again when the process is ready,
   * because a tenant can't use the process before.
   */
  #startTenure(): void {
    this.#tenureSince = performance.now()
    this.#lastTurnAt = this.#tenureSince
  }

  /** Milliseconds since the last turn ended; 0 while a turn waits or runs. */
  get idleMs(): number {
    return this.load > 0 ? 0 : performance.now() - this.#lastTurnAt
  }

  /** Milliseconds for which the tenant has been able to use the process. */
  get tenureMs(): number {
    return performance.now() - this.#tenureSince
  }

  /** Takes no further guests; those that are present continue. */
  retire(): void {
    this.#retiring = true
  }

  /** Registers a guest. Its isolate is made when its first turn is sent. */
  open(spec: GuestSpec): Guest {
    const guest = ++this.#lastGuest
    this.#residents.add(guest, spec)
    return {
      turn: (delivery, options) => this.#turn({ guest, limits: spec.limits, delivery, options }),
      close: () => this.#close(guest),
    }
  }

  /** Evicts guests that only wait, the longest waiting first, until `isEnough` returns true. */
  evict(isEnough: (idleSince: number) => boolean): void {
    for (const [guest, { spec, idleSince }] of this.#residents.entries()) {
      if (isEnough(idleSince)) return
      if (spec === undefined && !this.#turns.of(guest)) this.#forget(guest)
    }
  }

  /** Ends the process and resolves when it is gone. Turns that wait or run are settled as lost at once. */
  end(): Promise<void> {
    this.#loseAll({ type: 'lost' })
    return this.#link.end()
  }

  #turn(turn: RequestedTurn): Promise<TurnOutcome> {
    if (!this.#alive || !this.#residents.get(turn.guest)) return Promise.resolve({ type: 'lost' })
    return new Promise((settle) => {
      this.#turns.add(pendingTurn(turn, settle))
      this.#sendTurns()
      if (this.stuck) this.#handBackImpatient()
    })
  }

  #sendTurns(): void {
    // While memory is full, turns of guests that exist already go first: these guests end, or wait and can then be
    // evicted. Otherwise all guests that are recreated at the same time would be in memory at once.
    const isFull = this.#options.isFull()
    const isMade = ({ guest }: PendingTurn) => this.#residents.get(guest)?.spec === undefined
    const next = () => this.#turns.next((turn) => isFull && isMade(turn))
    for (let turn = next(); turn; turn = next()) this.#sendTurn(turn)
    this.#watchHead()
  }

  #watchHead(): void {
    const { head } = this.#turns
    // The time that a process takes to start counts for no turn.
    if (!head || this.#watch.isOn || !this.#link.isReady) return
    const { timeoutMs, options, limits } = head
    this.#watch.begin({ timeoutMs, cpuMs: options.cpuMs, memoryLimitMb: limits.memoryLimitMb })
  }

  #sendTurn(turn: PendingTurn): void {
    const { guest, delivery } = turn
    turn.sent = true
    turn.timeoutMs = wallTimeoutMs(turn, this.#options.contention())
    const resident = this.#residents.get(guest)
    const spec = resident?.spec
    if (resident) resident.spec = undefined
    this.#link.send({ type: 'turn', guest, delivery, timeoutMs: turn.timeoutMs, ...(spec && { spec }) })
  }

  #endOverrun(reason: 'timeout' | 'memory' | 'stalled'): void {
    this.#endFor(this.#turns.head!, reason === 'timeout' && this.#watch.hasOutgrown ? 'memory' : reason)
  }

  #endFor(turn: PendingTurn, reason: Ended['reason']): void {
    this.#ended = { turn, reason, cpuMs: this.#watch.usedCpuMs }
    this.#link.kill()
  }

  /**
   * Hands back the turns that have waited longer than their patience behind the one on the CPU, if they could run
   * elsewhere.
   */
  #handBackImpatient(): void {
    for (const turn of this.#turns.impatientAfter(this.#watch.elapsedMs)) {
      if (this.#options.hasElsewhere()) this.#handBack(turn)
    }
  }

  /**
   * Settles a turn as lost and forgets its guest. A turn that was sent keeps its place in the queue until the process
   * answers it.
   */
  #handBack(turn: PendingTurn): void {
    turn.settle?.({ type: 'lost' })
    turn.settle = undefined
    if (!turn.sent) this.#turns.remove(turn)
    this.#forget(turn.guest)
  }

  #close(guest: number): void {
    if (!this.#residents.get(guest)) return
    const turn = this.#turns.of(guest)
    if (turn) {
      this.#handBack(turn)
      if (turn === this.#turns.head) this.#killUnlessLeft(turn)
    }
    this.#forget(guest)
    this.#options.onChange()
  }

  #killUnlessLeft(head: PendingTurn): void {
    setTimeout(() => {
      if (this.#alive && this.#turns.head === head) this.#endFor(head, 'abandoned')
    }, closeGraceMs).unref()
  }

  #forget(guest: number): void {
    const resident = this.#residents.remove(guest)
    if (resident && resident.spec === undefined) this.#link.send({ type: 'close', guest })
  }

  #handle(message: GuestMessage): void {
    const { head } = this.#turns
    if (head?.guest !== message.guest || !head.sent) throw new Error(`guest ${message.guest} is out of turn`)
    if (message.type === 'calls') {
      addCalls(head, message.calls)
      return
    }
    this.#turns.shift()
    this.#watch.end()
    this.#lastTurnAt = performance.now()
    if (isLast(message)) this.#residents.remove(head.guest)
    if (isAnomaly(message)) this.#anomaly()
    if (message.type === 'turn') {
      this.#residents.rested(head.guest, Math.min(message.guestBytes, allowedGrowth(head.limits.memoryLimitMb)))
    }
    this.#sendTurns()
    head.settle?.(reportedOutcome(message, head))
    this.#options.onChange()
  }

  /** Retires the process, because its state is no longer fit for new guests. */
  #anomaly(): void {
    if (this.#retiring) return
    this.retire()
    this.#options.onMisdeed()
  }

  #exited(death: Death): void {
    if (!this.#alive) return
    const { head } = this.#turns
    const isAlone = this.#cordon?.alone === true
    const { outcome, isMisdeed } = blame({ death, isReady: this.#link.isReady, isAlone, ended: this.#ended, head })
    if (isMisdeed) this.#options.onMisdeed()
    // The replacement starts first, so that guests that are replayed now find it.
    const reason = this.#ended ? `ended by the executor: ${this.#ended.reason}` : death.reason
    this.#options.onExit(reason, death.fromOutside)
    this.#loseAll(outcome)
  }

  /** Settles the turn on the CPU with the given outcome, and those behind it as lost. */
  #loseAll(outcomeOfHead: TurnOutcome): void {
    this.#alive = false
    this.#watch.end()
    const [head, ...waiting] = this.#turns.clear()
    head?.settle?.(outcomeOfHead)
    for (const turn of waiting) turn.settle?.({ type: 'lost' })
  }
}
