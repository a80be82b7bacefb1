import { once } from 'node:events'

import { encodeFrame, FrameReader } from './frames.ts'
import { launchSandboxProcess, type LaunchedProcess } from './launch.ts'
import { processCpuMs } from './process-cpu.ts'
import {
  sandboxMessageSchema,
  type GuestDelivery,
  type GuestSpec,
  type HostMessage,
  type SandboxMessage,
  type SandboxVersions,
} from './protocol.ts'
import type { Guest, TurnOptions, TurnOutcome } from './sandbox.ts'

/** Turns that are in a process's hands at once: one runs, one is there when it ends. */
export const pipelinedTurns = 2

/** How long a guest that was closed while on the CPU may stay there before its process is ended. */
const closeGraceMs = 500

/**
 * How much CPU time a process may use after a turn's timeout has passed. One that uses more can't be interrupted; one that
 * merely was not scheduled on a busy machine uses none.
 */
const overrunCpuMs = 300
const overrunCheckMs = 250
/** After this, the process is ended whatever it used. */
const maxOverrunMs = 10_000

/** A turn that is on the CPU for longer makes its process a bad place for others. */
const longTurnMs = 200

interface PendingTurn {
  readonly guest: number
  readonly tenant: string
  readonly delivery: GuestDelivery
  readonly options: TurnOptions
  /** The timeout as it was sent: V8 measures it by the wall clock. */
  timeoutMs: number
  /** Undefined once the turn's outcome is of no more interest. */
  settle: ((outcome: TurnOutcome) => void) | undefined
  sent: boolean
  /** Whether the guest has been on the CPU for this turn. */
  began: boolean
}

interface SandboxProcessOptions {
  onReady(versions: SandboxVersions): void
  /** The process is gone; `reason` says why, for the log. */
  onExit(reason: string): void
  /** There may be room for another guest now, or a need for another process. */
  onChange(): void
  /** Whether a turn that is handed back could run sooner somewhere else. */
  hasElsewhere(tenant: string): boolean
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
  /** The guests that live here; one whose isolate is still to be made has its spec. */
  readonly #guests = new Map<number, { readonly tenant: string; spec: GuestSpec | undefined }>()
  readonly #reader = new FrameReader()
  #headSince = 0
  /** The process's CPU time when the timeout of the turn on the CPU had passed. */
  #cpuAtTimeoutMs: number | undefined
  #headTimer: NodeJS.Timeout | undefined
  #lastGuest = 0
  #alive = true
  /** Set when the executor itself ends the process because the turn on the CPU ran over its time. */
  #overran = false
  #complaint = ''

  constructor(options: SandboxProcessOptions) {
    this.#options = options
    this.#launched = launchSandboxProcess()
    const { process, input, output, errors } = this.#launched
    output.on('data', (chunk: Buffer) => this.#receive(chunk))
    errors.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('latin1')).slice(-2_000)
    })
    // A broken pipe is seen as the process's exit.
    for (const stream of [input, output, errors]) stream.on('error', () => {})
    process.on('error', (error) => this.#exited(error.message))
    // Not `exit`: what the process had sent before it died is read first, so that the blame falls on the right turn.
    process.on('close', (code, signal) => this.#exited(signal ?? `exit code ${code}`))
  }

  /** How many turns wait or run here. */
  get load(): number {
    return this.#turns.length
  }

  get guestCount(): number {
    return this.#guests.size
  }

  /** How many further turns would run at once, or right after the one on the CPU. */
  get room(): number {
    return this.stuck ? 0 : Math.max(0, pipelinedTurns - this.#turns.length)
  }

  /** Whether a turn has been on the CPU for so long that others should go elsewhere. */
  get stuck(): boolean {
    return this.#headMs() >= longTurnMs
  }

  /** Whose turn has been on the CPU for so long, if one has. */
  get stuckTenant(): string | undefined {
    return this.stuck ? this.#turns[0]?.tenant : undefined
  }

  /** A guest to be made when its first turn is sent. */
  open(spec: GuestSpec, tenant: string): Guest {
    const guest = ++this.#lastGuest
    this.#guests.set(guest, { tenant, spec })
    return {
      turn: (delivery, options) => this.#turn(guest, delivery, options),
      close: () => this.#close(guest),
    }
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

  #turn(guest: number, delivery: GuestDelivery, options: TurnOptions): Promise<TurnOutcome> {
    const tenant = this.#guests.get(guest)?.tenant
    if (tenant === undefined) return Promise.resolve({ type: 'lost' })
    return new Promise((settle) => {
      this.#turns.push({
        guest,
        tenant,
        delivery,
        options,
        timeoutMs: options.timeoutMs,
        settle,
        sent: false,
        began: false,
      })
      this.#sendTurns()
      if (this.stuck) this.#handBackImpatient()
    })
  }

  #sendTurns(): void {
    for (const turn of this.#turns.slice(0, pipelinedTurns)) {
      if (!turn.sent) this.#sendTurn(turn)
    }
    if (this.#turns.length > 0 && this.#headTimer === undefined) {
      this.#headSince = performance.now()
      this.#watchHead()
    }
  }

  #sendTurn(turn: PendingTurn): void {
    const { guest, delivery } = turn
    turn.sent = true
    turn.timeoutMs = Math.ceil(turn.options.timeoutMs * this.#options.contention())
    const home = this.#guests.get(guest)
    if (home?.spec) {
      this.#send({ type: 'open', guest, spec: home.spec })
      home.spec = undefined
    }
    this.#send({ type: 'turn', guest, delivery, timeoutMs: turn.timeoutMs })
  }

  #headMs(): number {
    return this.#turns.length === 0 ? 0 : performance.now() - this.#headSince
  }

  /** Looks at the turn on the CPU at doubling intervals, and more often when its timeout has passed. */
  #watchHead(): void {
    const { timeoutMs } = this.#turns[0]!
    const headMs = this.#headMs()
    const nextMs = headMs < timeoutMs ? Math.min(timeoutMs, Math.max(longTurnMs, headMs * 2)) : headMs + overrunCheckMs
    this.#headTimer = setTimeout(() => {
      if (this.#headMs() >= timeoutMs && this.#isOverrunning(timeoutMs)) {
        this.#overran = true
        this.kill()
        return
      }
      this.#handBackImpatient()
      this.#options.onChange()
      this.#watchHead()
    }, nextMs - headMs)
  }

  #isOverrunning(timeoutMs: number): boolean {
    const cpuMs = processCpuMs(this.#launched.process.pid)
    this.#cpuAtTimeoutMs ??= cpuMs
    if (cpuMs === undefined || this.#cpuAtTimeoutMs === undefined) return this.#headMs() > timeoutMs + overrunCheckMs
    return cpuMs - this.#cpuAtTimeoutMs >= overrunCpuMs || this.#headMs() > timeoutMs + maxOverrunMs
  }

  /** Hands back the turns that would rather be replayed elsewhere than wait longer behind the one on the CPU. */
  #handBackImpatient(): void {
    const waitedMs = this.#headMs()
    for (const turn of this.#turns.slice(1)) {
      if (turn.options.patienceMs <= waitedMs && this.#options.hasElsewhere(turn.tenant)) this.#handBack(turn)
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
    if (!this.#guests.has(guest)) return
    const turn = this.#turns.find((turn) => turn.guest === guest)
    if (turn) {
      this.#handBack(turn)
      if (turn === this.#turns[0]) this.#killUnlessLeft(turn)
    }
    this.#forget(guest)
  }

  #killUnlessLeft(head: PendingTurn): void {
    setTimeout(() => {
      if (this.#turns[0] === head) this.kill()
    }, closeGraceMs).unref()
  }

  #forget(guest: number): void {
    const wasMade = this.#guests.get(guest)?.spec === undefined
    if (this.#guests.delete(guest) && wasMade) this.#send({ type: 'close', guest })
  }

  #send(message: HostMessage): void {
    if (this.#alive) this.#launched.input.write(encodeFrame(message))
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#reader.push(chunk)) this.#handle(sandboxMessageSchema.parse(message))
    } catch (error) {
      this.#complaint = `protocol violation: ${String(error)}`
      this.kill()
    }
  }

  #handle(message: SandboxMessage): void {
    if (message.type === 'ready') {
      this.#options.onReady(message.versions)
      return
    }
    const head = this.#turns[0]
    if (head?.guest !== message.guest || !head.sent) throw new Error(`guest ${message.guest} is out of turn`)
    if (message.type === 'began') {
      head.began = true
      return
    }
    this.#removeHead()
    const { guest, ...outcome } = message.type === 'skipped' ? { ...message, type: 'lost' as const } : message
    if (outcome.type === 'stopped') this.#forget(guest)
    this.#sendTurns()
    head.settle?.(outcome)
    this.#options.onChange()
  }

  #removeHead(): PendingTurn | undefined {
    clearTimeout(this.#headTimer)
    this.#headTimer = undefined
    this.#cpuAtTimeoutMs = undefined
    return this.#turns.shift()
  }

  #exited(reason: string): void {
    if (!this.#alive) return
    this.#alive = false
    this.#guests.clear()
    const head = this.#removeHead()
    const waiting = this.#turns.splice(0)
    // Replaced first, so that what is replayed now finds the replacement.
    this.#options.onExit(this.#complaint === '' ? reason : `${reason}: ${this.#complaint}`)
    head?.settle?.(this.#overran ? overran(head.timeoutMs) : { type: head.began ? 'crashed' : 'lost' })
    for (const turn of waiting) turn.settle?.({ type: 'lost' })
  }
}

/** A turn that nothing but the end of its process could stop counts as one that used up its time; its logs are lost. */
function overran(timeoutMs: number): TurnOutcome {
  return { type: 'stopped', reason: 'timeout', cpuMs: timeoutMs, logs: [], logsDropped: { entries: 0, bytes: 0 } }
}
