import { once } from 'node:events'

import type { ToolCallEffect } from './protocol.ts'
import { deathOf, type Death } from './death.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import type { Jail } from './jail/jails.ts'
import { confineMemory, type CgroupParent, type MemoryCgroup } from './memory-cgroup.ts'
import { launchSandboxProcess, type LaunchedProcess } from './launch.ts'
import { innermostChild } from './proc.ts'
import {
  sandboxMessageSchema,
  type GuestDelivery,
  type GuestSpec,
  type HostMessage,
  type SandboxMessage,
  type SandboxVersions,
} from './protocol.ts'
import { Residents } from './residents.ts'
import type { Guest, TurnOptions, TurnOutcome } from './sandbox.ts'
import { allowedGrowth, TurnWatch } from './turn-watch.ts'

/** Turns that are in a process's hands at once: one runs, one is there when it ends. */
export const pipelinedTurns = 2

/** The largest frame that a sandbox process sends: a result, escaped once more as a JSON string, and console output. */
const maxReportBytes = 8 * 1024 * 1024

/** How long a guest that was closed while on the CPU may stay there before its process is ended. */
const closeGraceMs = 500

/** A turn that is on the CPU for longer makes its process a bad place for others. */
const longTurnMs = 200

interface PendingTurn {
  readonly guest: number
  readonly delivery: GuestDelivery
  readonly options: TurnOptions
  readonly limits: GuestSpec['limits']
  /** The timeout as it was sent: V8 measures it by the wall clock. */
  timeoutMs: number
  /** Undefined once the turn's outcome is of no more interest. */
  settle: ((outcome: TurnOutcome) => void) | undefined
  sent: boolean
  /** The calls of the turn that have come already, in frames of their own. */
  readonly calls: ToolCallEffect[]
}

/** Whom a process serves. */
export interface Cordon {
  readonly tenant: string
  /** Whether it serves a single guest. */
  readonly alone: boolean
}

export interface SandboxProcessOptions {
  readonly jail: Jail
  /** What the kernel is to let the process have, where control groups can be made. */
  readonly memory?: { readonly parent: CgroupParent; readonly maxBytes: number }
  onReady(versions: SandboxVersions): void
  /** The process is gone; `reason` says why, for the log. */
  onExit(reason: string): void
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
  readonly #launched: LaunchedProcess
  readonly #options: SandboxProcessOptions
  readonly #turns: PendingTurn[] = []
  readonly #residents = new Residents()
  readonly #reader = new FrameReader(maxReportBytes)
  readonly #watch: TurnWatch
  #cordon: Cordon | undefined
  #pid: number | undefined
  #cgroup: MemoryCgroup | undefined
  #lastGuest = 0
  #alive = true
  #isReady = false
  #hasLied = false
  #retiring = false
  /** Set when the executor itself ends the process because of the turn on the CPU. */
  #overran: 'timeout' | 'memory' | undefined
  #complaint = ''

  constructor(options: SandboxProcessOptions) {
    this.#options = options
    this.#watch = new TurnWatch({
      pid: () => this.#pid,
      onOverrun: (reason) => this.#endOverrun(reason),
      onLook: () => {
        this.#handBackImpatient()
        this.#options.onChange()
      },
    })
    this.#launched = launchSandboxProcess(options.jail)
    const { process, input, output, errors } = this.#launched
    output.on('data', (chunk: Buffer) => this.#receive(chunk))
    errors.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('latin1')).slice(-2_000)
    })
    // A broken pipe is seen as the process's exit.
    for (const stream of [input, output, errors]) stream.on('error', () => {})
    process.on('error', (error) => this.#exited({ reason: error.message, fromOutside: true, outOfMemory: false }))
    // Not `exit`: what the process had sent before it died is read first, so that the blame falls on the right turn.
    process.on('close', (code, signal) => {
      const death = deathOf(code, signal, this.#complaint)
      const wasTooLarge = (this.#cgroup?.kills ?? 0) > 0
      this.#cgroup?.remove()
      this.#exited(wasTooLarge ? { reason: 'out of memory', fromOutside: false, outOfMemory: true } : death)
    })
  }

  /** The process that the guests run in; known once it has reported. */
  get pid(): number | undefined {
    return this.#pid
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
      turn: (delivery, options) => this.#turn(guest, spec.limits, delivery, options),
      close: () => this.#close(guest),
    }
  }

  /** Takes guests that only wait out of memory, the longest waiting first, for as long as `isEnough` does not hold. */
  evict(isEnough: (idleSince: number) => boolean): number {
    const busy = new Set(this.#turns.map(({ guest }) => guest))
    let evicted = 0
    for (const [guest, { spec, idleSince }] of this.#residents.entries()) {
      if (isEnough(idleSince)) break
      if (busy.has(guest) || spec !== undefined) continue
      this.#forget(guest)
      evicted += 1
    }
    return evicted
  }

  /** Ends the process at once. */
  kill(): void {
    this.#launched.process.kill('SIGKILL')
  }

  /** Ends the process and resolves when it is gone. */
  async end(): Promise<void> {
    if (!this.#alive) return
    const exited = once(this.#launched.process, 'close')
    this.kill()
    await exited
  }

  #turn(
    guest: number,
    limits: GuestSpec['limits'],
    delivery: GuestDelivery,
    options: TurnOptions,
  ): Promise<TurnOutcome> {
    if (!this.#alive || !this.#residents.get(guest)) return Promise.resolve({ type: 'lost' })
    return new Promise((settle) => {
      const { timeoutMs } = options
      this.#turns.push({ guest, limits, delivery, options, timeoutMs, settle, sent: false, calls: [] })
      this.#sendTurns()
      if (this.stuck) this.#handBackImpatient()
    })
  }

  #sendTurns(): void {
    for (let place = 0; place < Math.min(pipelinedTurns, this.#turns.length); place++) {
      if (this.#turns[place]!.sent) continue
      this.#letLivingGuestsPass(place)
      this.#sendTurn(this.#turns[place]!)
    }
    const [head] = this.#turns
    if (!head || this.#watch.isOn) return
    this.#watch.begin({ timeoutMs: head.timeoutMs, memoryLimitMb: head.limits.memoryLimitMb })
  }

  /**
   * Where there is too little memory for another guest, those that are made already go first: they end, or wait and can be
   * evicted. Otherwise all that come back at the same time would be in memory at once.
   */
  #letLivingGuestsPass(place: number): void {
    const isMade = ({ guest, sent }: PendingTurn) => !sent && this.#residents.get(guest)?.spec === undefined
    if (isMade(this.#turns[place]!) || !this.#options.isFull()) return
    const next = this.#turns.findIndex(isMade)
    if (next !== -1) this.#turns.splice(place, 0, ...this.#turns.splice(next, 1))
  }

  #sendTurn(turn: PendingTurn): void {
    const { guest, delivery } = turn
    turn.sent = true
    turn.timeoutMs = Math.ceil(turn.options.timeoutMs * this.#options.contention())
    const resident = this.#residents.get(guest)
    if (resident?.spec) {
      this.#send({ type: 'open', guest, spec: resident.spec })
      resident.spec = undefined
    }
    this.#send({ type: 'turn', guest, delivery, timeoutMs: turn.timeoutMs })
  }

  #endOverrun(reason: 'timeout' | 'memory'): void {
    this.#overran = reason === 'timeout' && this.#watch.hasOutgrown ? 'memory' : reason
    this.kill()
  }

  /** Hands back the turns that would rather be replayed elsewhere than wait longer behind the one on the CPU. */
  #handBackImpatient(): void {
    const waitedMs = this.#watch.elapsedMs
    for (const turn of this.#turns.slice(1)) {
      if (turn.options.patienceMs <= waitedMs && this.#options.hasElsewhere()) this.#handBack(turn)
    }
  }

  /** The guest here is of no more use. A turn that is in the process's hands already keeps its place until it is over. */
  #handBack(turn: PendingTurn): void {
    turn.settle?.({ type: 'lost' })
    turn.settle = undefined
    if (!turn.sent) this.#turns.splice(this.#turns.indexOf(turn), 1)
    this.#forget(turn.guest)
  }

  #close(guest: number): void {
    if (!this.#residents.get(guest)) return
    const turn = this.#turns.find((turn) => turn.guest === guest)
    if (turn) {
      this.#handBack(turn)
      if (turn === this.#turns[0]) this.#killUnlessLeft(turn)
    }
    this.#forget(guest)
    this.#options.onChange()
  }

  #killUnlessLeft(head: PendingTurn): void {
    setTimeout(() => {
      if (this.#turns[0] === head) this.kill()
    }, closeGraceMs).unref()
  }

  #forget(guest: number): void {
    const resident = this.#residents.remove(guest)
    if (resident && resident.spec === undefined) this.#send({ type: 'close', guest })
  }

  #send(message: HostMessage): void {
    if (this.#alive) this.#launched.input.write(encodeFrame(message))
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#handle(sandboxMessageSchema.parse(message))
    } catch (error) {
      this.#complaint = `protocol violation: ${String(error)}`
      this.#hasLied = true
      this.kill()
    }
  }

  #handle(message: SandboxMessage): void {
    switch (message.type) {
      case 'ready':
        if (this.#isReady) throw new Error('the process is ready already')
        this.#isReady = true
        this.#pid = innermostChild(this.#launched.process.pid)
        this.#confine()
        this.#options.onReady(message.versions)
        return
      case 'worn':
        this.#anomaly()
        return
    }
    const head = this.#turns[0]
    if (head?.guest !== message.guest || !head.sent) throw new Error(`guest ${message.guest} is out of turn`)
    if (message.type === 'calls') {
      head.calls.push(...message.calls)
      refuseTooMany(head)
      return
    }
    this.#turns.shift()
    this.#watch.end()
    if (message.type === 'stopped') this.#forget(head.guest)
    if (message.type === 'stopped' && message.reason === 'memory') this.#anomaly()
    if (message.type === 'turn') {
      this.#residents.rested(head.guest, Math.min(message.guestBytes, allowedGrowth(head.limits.memoryLimitMb)))
    }
    this.#sendTurns()
    head.settle?.(outcomeOf(message, head))
    this.#options.onChange()
  }

  #confine(): void {
    const { memory } = this.#options
    if (memory && this.#pid !== undefined) this.#cgroup = confineMemory(memory.parent, this.#pid, memory.maxBytes)
  }

  /** What has happened here is no state to make further guests in. */
  #anomaly(): void {
    this.retire()
    this.#options.onMisdeed()
  }

  #exited(death: Death): void {
    if (!this.#alive) return
    this.#alive = false
    this.#watch.end()
    const [head, ...waiting] = this.#turns.splice(0)
    const isOwnDoing = this.#hasLied || !death.fromOutside
    if (this.#overran !== undefined || (head?.settle !== undefined && isOwnDoing)) this.#options.onMisdeed()
    // Replaced first, so that what is replayed now finds the replacement.
    this.#options.onExit(this.#overran ? `ended by the executor: ${this.#overran}` : death.reason)
    head?.settle?.(this.#outcomeOfHead(head, isOwnDoing, death.outOfMemory))
    for (const turn of waiting) turn.settle?.({ type: 'lost' })
  }

  #outcomeOfHead(head: PendingTurn, isOwnDoing: boolean, outOfMemory: boolean): TurnOutcome {
    if (this.#overran) return overran(this.#overran, head.timeoutMs)
    if (!this.#isReady) return { type: 'lost' }
    if (!isOwnDoing) return { type: 'killed' }
    return { type: 'crashed', outOfMemory, wasAlone: this.#cordon?.alone === true }
  }
}

/** The guest's side keeps to these limits, so that calls that do not are from a process that was taken over. */
function refuseTooMany({ calls, limits }: PendingTurn): void {
  if (calls.length > limits.maxToolCalls) throw new Error('more calls than are allowed')
  const length = calls.reduce((sum, { input }) => sum + input.length, 0)
  if (length > limits.journalBytes) throw new Error('more calls than a journal holds')
}

function outcomeOf(
  message: Extract<SandboxMessage, { type: 'turn' | 'stopped' | 'skipped' }>,
  { calls }: PendingTurn,
): TurnOutcome {
  if (message.type === 'skipped') return { type: 'lost' }
  if (message.type === 'turn') {
    const { cpuMs, effects } = message
    return {
      type: 'turn',
      cpuMs,
      effects: calls.length > 0 ? { ...effects, calls: [...calls, ...effects.calls] } : effects,
    }
  }
  const { reason, cpuMs, logs, logsDropped } = message
  return { type: 'stopped', reason, cpuMs, logs, logsDropped }
}

/** A turn that nothing but the end of its process could stop has used up what it had; its logs are lost. */
function overran(reason: 'timeout' | 'memory', timeoutMs: number): TurnOutcome {
  return { type: 'stopped', reason, cpuMs: timeoutMs, logs: [], logsDropped: { entries: 0, bytes: 0 } }
}
