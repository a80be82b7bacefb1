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

/** Milliseconds that a guest may stay on the CPU after it was closed, before its process is ended. */
const closeGraceMs = 500

/** Milliseconds on the CPU after which a turn counts as long: other guests should go to another process. */
const longTurnMs = 200

/** The tenant that a process serves. */
export interface Cordon {
  readonly tenant: string
  /** Whether it serves a single guest. */
  readonly alone: boolean
}

export interface SandboxProcessOptions extends Pick<ProcessLinkOptions, 'jail' | 'memory' | 'onReady'> {
  /** The process is gone; `reason` says why, for the log. */
  onExit(reason: string, fromOutside: boolean): void
  /** There may be room for another guest now, or a need for another process. */
  onChange(): void
  /** What lives here cost the process, or nearly. */
  onMisdeed(): void
  /** Whether the guests of all processes keep as much memory as they may. */
  isFull(): boolean
  /** Whether a turn that is handed back could run sooner somewhere else. */
  hasElsewhere(): boolean
  /** How many times as long a turn takes now as it would if it had a core for itself. */
  contention(): number
}

/**
 * The executor's end of one sandbox process. Turns run one at a time in the order in which they were asked for, so the
 * first unanswered one is the one on the CPU.
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

  /** The process that the guests run in; known once it has reported. */
  get pid(): number | undefined {
    return this.#link.pid
  }

  /** Whom it serves. A process that has served a tenant serves no other. */
  get cordon(): Cordon | undefined {
    return this.#cordon
  }

  /** How many turns wait or run here. */
  get load(): number {
    return this.#turns.length
  }

  get residents(): Pick<Residents, 'size' | 'bytes'> {
    return this.#residents
  }

  /** How many guests have been opened here. */
  get served(): number {
    return this.#lastGuest
  }

  /** How many further turns would run at once, or right after the one on the CPU. */
  get room(): number {
    return this.stuck ? 0 : Math.max(0, pipelinedTurns - this.#turns.length)
  }

  /** Whether a turn has been on the CPU for so long that others should go elsewhere. */
  get stuck(): boolean {
    return this.#watch.elapsedMs >= longTurnMs
  }

  /** Whether no new guest is to come here any more. */
  get retiring(): boolean {
    return this.#retiring
  }

  assign(cordon: Cordon): void {
    this.#cordon = cordon
    this.#startTenure()
  }

  /** A tenant has a process from when it can make use of it. */
  #startTenure(): void {
    this.#tenureSince = performance.now()
    this.#lastTurnAt = this.#tenureSince
  }

  /** For how long it has been without a turn; 0 while there is one. */
  get idleMs(): number {
    return this.load > 0 ? 0 : performance.now() - this.#lastTurnAt
  }

  /** For how long it has served its tenant. */
  get tenureMs(): number {
    return performance.now() - this.#tenureSince
  }

  /** Takes no further guests; those that are here go on. */
  retire(): void {
    this.#retiring = true
  }

  /** A guest to be made when its first turn is sent. */
  open(spec: GuestSpec): Guest {
    const guest = ++this.#lastGuest
    this.#residents.add(guest, spec)
    return {
      turn: (delivery, options) => this.#turn({ guest, limits: spec.limits, delivery, options }),
      close: () => this.#close(guest),
    }
  }

  /** Takes guests that only wait out of memory, the longest waiting first, for as long as `isEnough` does not hold. */
  evict(isEnough: (idleSince: number) => boolean): void {
    for (const [guest, { spec, idleSince }] of this.#residents.entries()) {
      if (isEnough(idleSince)) return
      if (spec === undefined && !this.#turns.of(guest)) this.#forget(guest)
    }
  }

  /** Ends the process and resolves when it is gone; turns that are under way are lost at once. */
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
    // Where there is too little memory for another guest, those that are made already go first: they end, or wait and can
    // be evicted. Otherwise all that come back at the same time would be in memory at once.
    const isFull = this.#options.isFull()
    const isMade = ({ guest }: PendingTurn) => this.#residents.get(guest)?.spec === undefined
    const next = () => this.#turns.next((turn) => isFull && isMade(turn))
    for (let turn = next(); turn; turn = next()) this.#sendTurn(turn)
    this.#watchHead()
  }

  #watchHead(): void {
    const { head } = this.#turns
    // The time that a process takes to start is nobody's turn.
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

  /** Hands back the turns that would rather be replayed elsewhere than wait longer behind the one on the CPU. */
  #handBackImpatient(): void {
    for (const turn of this.#turns.impatientAfter(this.#watch.elapsedMs)) {
      if (this.#options.hasElsewhere()) this.#handBack(turn)
    }
  }

  /** The guest here is of no more use. A turn that is in the process's hands already keeps its place until it is over. */
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

  /** What has happened here is no state to make further guests in. */
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
    // Replaced first, so that what is replayed now finds the replacement.
    const reason = this.#ended ? `ended by the executor: ${this.#ended.reason}` : death.reason
    this.#options.onExit(reason, death.fromOutside)
    this.#loseAll(outcome)
  }

  /** Settles all turns: the one on the CPU as is said, those behind it as lost. */
  #loseAll(outcomeOfHead: TurnOutcome): void {
    this.#alive = false
    this.#watch.end()
    const [head, ...waiting] = this.#turns.clear()
    head?.settle?.(outcomeOfHead)
    for (const turn of waiting) turn.settle?.({ type: 'lost' })
  }
}
