import type { Death } from './death.ts'
import { deathText, outcomeOfDeath, type Termination } from './death-outcome.ts'
import { IsolateReports, type IsolateCounts } from './isolate-reports.ts'
import { isLastTurn, type TurnReport } from './last-turn.ts'
import {
  addCalls,
  followingTurn,
  leavesProcessUnfit,
  pendingTurn,
  reportedOutcome,
  wallTimeoutMs,
} from './pending-turn.ts'
import type { PendingTurn, RequestedTurn } from './pending-turn.ts'
import { ProcessChannel, type GuestMessage, type ProcessChannelOptions } from './process-channel.ts'
import { ProcessGuests, type GuestRequest } from './process-guests.ts'
import { ProcessUse, type Assignment } from './process-use.ts'
import type { Guest, TurnOutcome } from './sandbox.ts'
import { maxPipelinedTurns, TurnQueue } from './turn-queue.ts'
import { maxGrowthBytes, TurnWatchdog } from './turn-watchdog.ts'

/** Milliseconds that the turn of a closed guest may stay on the CPU before its process is killed. */
const closedGuestGraceMs = 500

/** Milliseconds on the CPU after which a turn counts as long and other guests should go to another process. */
const longTurnMs = 200

export interface SandboxProcessOptions extends Pick<ProcessChannelOptions, 'jail' | 'runtime' | 'memory' | 'onReady'> {
  /**
   * Called when the process is gone. `reason` is text for the log; `fromOutside` says whether something outside of the
   * process ended it.
   */
  onExit(reason: string, fromOutside: boolean): void
  /** Called when there may be room for another guest, or when another process may be needed. */
  onChange(): void
  /** Called when code in this process crashed it, had it killed, or left it unfit for further guests. */
  onFault(): void
  /** Returns whether the guests of all processes together keep more memory than the limit. */
  isMemoryFull(): boolean
  /** Returns whether a turn that this process gives up could run sooner in another one. */
  canRunElsewhere(): boolean
  /** Returns the factor by which a turn takes longer now than on a core of its own. */
  contention(): number
}

/**
 * The executor's side of one sandbox process. Turns run one at a time in the order of the queue, so the first
 * unanswered one is the one on the CPU.
 */
export class SandboxProcess {
  readonly #channel: ProcessChannel
  readonly #options: SandboxProcessOptions
  readonly #turns = new TurnQueue()
  readonly #guests = new ProcessGuests()
  readonly #watchdog: TurnWatchdog
  readonly #use = new ProcessUse()
  readonly #isolateReports = new IsolateReports()
  #lastGuest = 0
  /** Number of reports on memory that was freed. */
  #freed = 0
  #isAlive = true
  #isDraining = false
  /** Set when the executor ends the process because of the turn on the CPU. */
  #termination: Termination | undefined

  constructor(options: SandboxProcessOptions) {
    this.#options = options
    this.#watchdog = new TurnWatchdog({
      pid: () => this.#channel.pid,
      onOverrun: (reason) => this.#endOverrun(reason),
      onCheck: () => {
        this.#loseOverdueTurns()
        this.#options.onChange()
      },
    })
    this.#channel = new ProcessChannel({
      jail: options.jail,
      ...(options.runtime && { runtime: options.runtime }),
      ...(options.memory && { memory: options.memory }),
      onReady: (versions) => {
        this.#use.restart()
        options.onReady(versions)
        this.#watchHead()
      },
      onMessage: (message) => this.#handle(message),
      onIsolates: (counts) => this.#isolateReports.receive(counts),
      onExit: (death) => this.#exited(death),
    })
  }

  /** Id of the process that the guests run in; undefined until it has reported ready. */
  get pid(): number | undefined {
    return this.#channel.pid
  }

  /** Tenant that the process is assigned to; undefined while it is unused. A process never serves a second tenant. */
  get assignment(): Assignment | undefined {
    return this.#use.assignment
  }

  /** Number of turns that wait or run in the process. */
  get load(): number {
    return this.#turns.length
  }

  get guests(): Pick<ProcessGuests, 'size' | 'bytes'> {
    return this.#guests
  }

  /** Number of isolates that were ready for a guest at the last report. */
  get isolates(): IsolateCounts {
    return this.#isolateReports.last
  }

  /** Number of guests that have been added to the process, including those that are gone. */
  get served(): number {
    return this.#lastGuest
  }

  /** Number of further turns that would run at once, or directly after the one on the CPU. */
  get room(): number {
    return this.isHeldByLongTurn ? 0 : Math.max(0, maxPipelinedTurns - this.#turns.length)
  }

  /** Whether a turn has been on the CPU for so long that others should go to another process. */
  get isHeldByLongTurn(): boolean {
    return this.#watchdog.elapsedMs >= longTurnMs
  }

  /** Whether the process takes no new guests. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Milliseconds since the last turn ended; 0 while a turn waits or runs. */
  get idleMs(): number {
    return this.load > 0 ? 0 : this.#use.sinceTurnMs
  }

  /** Milliseconds for which the tenant has been able to use the process. */
  get usableMs(): number {
    return this.#use.usableMs
  }

  assign(assignment: Assignment): void {
    this.#use.assign(assignment)
  }

  /** Takes no further guests from now on; those that are present continue. */
  drain(): void {
    this.#isDraining = true
  }

  /** Adds a guest. It gets its isolate with its first turn. */
  addGuest(request: GuestRequest): Guest {
    const guest = ++this.#lastGuest
    const { memoryLimitMb } = request.spec.limits
    let { limits } = request.spec
    const entry = this.#guests.add(guest, request)
    return {
      turn: (delivery, options) => {
        if (delivery.kind === 'step') limits = { ...delivery.step.limits, memoryLimitMb }
        return this.#requestTurn({ guest, limits, delivery, options })
      },
      close: () => this.#closeGuest(guest),
      get evictedAt() {
        return entry.evictedAt
      },
    }
  }

  /** Evicts guests that only wait, the longest waiting first, until `isEnough` returns true. */
  evict(isEnough: (idleSince: number) => boolean): void {
    for (const [guest, entry] of this.#guests.entries()) {
      if (isEnough(entry.idleSince)) return
      if (entry.isolate.state !== 'made' || this.#turns.of(guest)) continue
      entry.evictedAt = performance.now()
      this.#removeGuest(guest)
    }
  }

  /** Ends the process and resolves when it is gone. Turns that wait or run are settled as lost at once. */
  end(): Promise<void> {
    this.#settleAllTurns({ type: 'lost' })
    return this.#channel.end()
  }

  #requestTurn(turn: RequestedTurn): Promise<TurnOutcome> {
    if (!this.#isAlive || !this.#guests.get(turn.guest)) return Promise.resolve({ type: 'lost' })
    return new Promise((settle) => {
      this.#turns.add(pendingTurn(turn, settle))
      this.#sendQueuedTurns()
      if (this.isHeldByLongTurn) this.#loseOverdueTurns()
    })
  }

  #sendQueuedTurns(): void {
    // While memory is full, turns of guests whose isolate is made go first: these guests end, or wait and can then be
    // evicted. Otherwise all guests that are restored at the same time would be in memory at once.
    const isMemoryFull = this.#options.isMemoryFull()
    const isPreferred = ({ guest }: PendingTurn) => isMemoryFull && !this.#guests.isUnmade(guest)
    const next = () => this.#turns.next(isPreferred)
    for (let turn = next(); turn; turn = next()) this.#sendTurn(turn)
    this.#watchHead()
  }

  #sendTurn(turn: PendingTurn): void {
    const { guest, delivery, options } = turn
    const { ahead = [] } = options
    turn.sent = true
    turn.timeoutMs = wallTimeoutMs(turn, this.#options.contention())
    const request = this.#guests.takeRequest(guest)
    const { timeoutMs } = turn
    this.#channel.send({ type: 'turn', guest, delivery, timeoutMs, ...(ahead.length > 0 && { ahead }), ...request })
  }

  /** Starts the watchdog for the turn on the CPU. The time that a process takes to start counts for no turn. */
  #watchHead(): void {
    const { head } = this.#turns
    if (!head || this.#watchdog.isOn || !this.#channel.isReady) return
    const { timeoutMs, options, limits } = head
    this.#watchdog.begin({ timeoutMs, cpuMs: options.cpuMs, memoryLimitMb: limits.memoryLimitMb })
  }

  #endOverrun(reason: 'timeout' | 'memory' | 'stalled'): void {
    this.#endFor(this.#turns.head!, reason === 'timeout' && this.#watchdog.hasGrownTooMuch ? 'memory' : reason)
  }

  #endFor(turn: PendingTurn, reason: Termination['reason']): void {
    this.#termination = { turn, reason, cpuMs: this.#watchdog.usedCpuMs }
    this.#channel.kill()
  }

  /** Loses the turns that have waited longer than they may behind the one on the CPU, if they could run elsewhere. */
  #loseOverdueTurns(): void {
    for (const turn of this.#turns.overdueAfter(this.#watchdog.elapsedMs)) {
      if (this.#options.canRunElsewhere()) this.#loseTurn(turn)
    }
  }

  /**
   * Settles a turn as lost and removes its guest. A turn that was sent keeps its place in the queue until the process
   * answers it.
   */
  #loseTurn(turn: PendingTurn): void {
    turn.settle?.({ type: 'lost' })
    turn.settle = undefined
    if (!turn.sent) this.#turns.remove(turn)
    this.#removeGuest(turn.guest)
  }

  #closeGuest(guest: number): void {
    if (!this.#guests.get(guest)) return
    const turn = this.#turns.of(guest)
    if (turn) {
      this.#loseTurn(turn)
      if (turn === this.#turns.head) this.#endIfStillOnCpu(guest)
    }
    this.#removeGuest(guest)
    this.#options.onChange()
  }

  /** Ends the process if a closed guest is still on the CPU after the grace period. */
  #endIfStillOnCpu(guest: number): void {
    setTimeout(() => {
      const { head } = this.#turns
      if (this.#isAlive && head?.guest === guest) this.#endFor(head, 'abandoned')
    }, closedGuestGraceMs).unref()
  }

  #removeGuest(guest: number): void {
    if (this.#guests.remove(guest)?.isolate.state === 'made') this.#channel.send({ type: 'close', guest })
  }

  #handle(message: GuestMessage): void {
    if (message.type === 'freed') {
      this.#freed += 1
      if (this.#freed > this.#lastGuest) throw new Error('the process has freed memory more often than it had guests')
      this.#guests.recordFreed(message.guest, message.guestBytes)
      return
    }
    const { head } = this.#turns
    if (head?.guest !== message.guest || !head.sent) {
      throw new Error(`a message of type ${message.type} is about guest ${message.guest}, whose turn is not on the CPU`)
    }
    if (message.type === 'calls') {
      addCalls(head, message.calls)
      return
    }
    this.#watchdog.end()
    if (message.type === 'turn' && message.isFollowed) {
      this.#follow(head, message)
      return
    }
    this.#turns.shift()
    this.#use.recordTurnEnd()
    if (isLastTurn(message, this.#guests.get(head.guest)?.hasSteps === true)) this.#guests.remove(head.guest)
    // A skipped turn runs again, and counts as a fault only then.
    if (leavesProcessUnfit(message)) this.#drainAsUnfit({ isFault: message.type !== 'skipped' })
    if (message.type === 'turn') {
      this.#guests.recordTurnEnd(head.guest, Math.min(message.guestBytes, maxGrowthBytes(head.limits.memoryLimitMb)))
    }
    this.#sendQueuedTurns()
    head.settle?.(reportedOutcome(message, head))
    this.#options.onChange()
  }

  /** Settles a turn after which the guest has begun the next one of the message. */
  #follow(turn: PendingTurn, report: TurnReport): void {
    const { promise: next, resolve } = Promise.withResolvers<TurnOutcome>()
    // Nothing waits for the turns of a guest that was lost or closed.
    this.#turns.replaceHead(followingTurn(turn, report, turn.settle && resolve))
    this.#watchHead()
    turn.settle?.(reportedOutcome(report, turn, next))
  }

  #drainAsUnfit({ isFault }: { readonly isFault: boolean }): void {
    if (this.#isDraining) return
    this.drain()
    if (isFault) this.#options.onFault()
  }

  #exited(death: Death): void {
    if (!this.#isAlive) return
    const { outcome, isFault } = outcomeOfDeath({
      death,
      isReady: this.#channel.isReady,
      isSingleGuest: this.assignment?.isSingleGuest === true,
      hasOtherRuntime: this.assignment?.runtime !== undefined,
      termination: this.#termination,
      head: this.#turns.head,
    })
    if (isFault) this.#options.onFault()
    // The replacement starts first, so that guests that are replayed now find it.
    this.#options.onExit(deathText(death, this.#termination), death.fromOutside)
    this.#settleAllTurns(outcome)
  }

  /** Settles the turn on the CPU with the given outcome, and those behind it as lost. */
  #settleAllTurns(outcomeOfHead: TurnOutcome): void {
    this.#isAlive = false
    this.#watchdog.end()
    const [head, ...waiting] = this.#turns.clear()
    head?.settle?.(outcomeOfHead)
    for (const turn of waiting) turn.settle?.({ type: 'lost' })
  }
}
