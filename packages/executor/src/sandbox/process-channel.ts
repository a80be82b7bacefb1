import { textTail } from '@codemode/shared/internal'

import { deathOf, type Death } from './death.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import type { IsolateCounts } from './isolate-reports.ts'
import type { Jail } from './jail/jails.ts'
import { closePipes, killLaunched, launchSandboxProcess, type LaunchedProcess } from './launch.ts'
import { limitMemory, type CgroupParent, type MemoryCgroup } from './memory-cgroup.ts'
import { chainOf } from './proc.ts'
import { sandboxMessageSchema, type HostMessage, type SandboxMessage, type SandboxVersions } from './protocol.ts'
import type { RuntimeText } from './runtime-source.ts'

/**
 * Maximum size in bytes of a frame from a sandbox process: a result, of which a character takes two bytes, and console
 * output.
 */
const maxReportBytes = 5 * 1024 * 1024

/** Milliseconds after which a process that is not ready is ended. */
const startTimeoutMs = 30_000
/** Milliseconds that a process that is ended before it is ready may take to exit by itself before it is killed. */
const startGraceMs = 5_000

/** Maximum length of the end of a process's stderr that is kept to explain its death, in UTF-16 units. */
const maxStderrTailLength = 2_000
/** Length of a process's stderr above which it is killed, in UTF-16 units. */
const maxStderrLength = 1024 * 1024

/** Milliseconds after a process's exit for which its pipes are still read. */
const pipeGraceMs = 1_000

/** Message about a guest of a process that is ready. */
export type GuestMessage = Exclude<SandboxMessage, { type: 'ready' | 'isolates' }>

export interface ProcessChannelOptions {
  readonly jail: Jail
  /** Guest runtime of the process; that of this version by default. */
  readonly runtime?: RuntimeText
  /** Memory limit that the kernel enforces on the process, where control groups can be made. */
  readonly memory?: { readonly parent: CgroupParent; readonly maxBytes: number }
  /** Called once when the process is ready, unless it was ended before. */
  onReady(versions: SandboxVersions): void
  /**
   * Called with each valid message about a guest. An error that it throws counts as a violation of the protocol and
   * ends the process.
   */
  onMessage(message: GuestMessage): void
  /** Called with each report on the isolates that are ready. An error that it throws counts as in `onMessage`. */
  onIsolates(counts: IsolateCounts): void
  onExit(death: Death): void
}

/**
 * Sandbox process from its start to its end, and the messages to and from it. Its first message says that it is ready.
 * Everything that it sends is hostile input until its schema has been checked.
 */
export class ProcessChannel {
  readonly #options: ProcessChannelOptions
  readonly #launched: LaunchedProcess
  readonly #reader = new FrameReader(maxReportBytes)
  readonly #startTimer: NodeJS.Timeout
  #isReady = false
  /** Whether the process was ended before it was ready. */
  #isEndedEarly = false
  #pid: number | undefined
  #cgroup: MemoryCgroup | undefined
  #killTimer: NodeJS.Timeout | undefined
  #closeTimer: NodeJS.Timeout | undefined
  #isAlive = true
  readonly #exit = Promise.withResolvers<void>()
  /** First reason for which the process is killed because of its output. */
  #violation: string | undefined
  #stderrTail = ''
  #stderrLength = 0

  constructor(options: ProcessChannelOptions) {
    this.#options = options
    this.#launched = launchSandboxProcess(options.jail, options.runtime)
    const { process, input, output, errors } = this.#launched
    output.on('data', (chunk: Buffer) => this.#receive(chunk))
    errors.setEncoding('utf8').on('data', (chunk: string) => this.#receiveStderr(chunk))
    // A broken pipe shows as the exit of the process.
    for (const stream of [input, output, errors]) stream.on('error', () => {})
    process.on('error', (error) => this.#exited({ reason: error.message, fromOutside: false, outOfMemory: false }))
    // Not `exit`: output from before the death is read first, so that the death is attributed to the right turn.
    process.on('close', (code, signal) => this.#exited(this.#deathOf(code, signal)))
    // A pipe that is still open after this time is held by another process, which outlived this one.
    process.on('exit', () => (this.#closeTimer = setTimeout(() => closePipes(process), pipeGraceMs)))
    this.#startTimer = setTimeout(() => this.kill(), startTimeoutMs).unref()
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** Id of the process that the guests run in; undefined until it is ready. */
  get pid(): number | undefined {
    return this.#pid
  }

  send(message: HostMessage): void {
    if (this.#isAlive) this.#launched.input.write(encodeFrame(message))
  }

  /**
   * Kills the process if it is ready. A process that is still starting ends by itself when its input closes, and is
   * killed only after a grace period: bwrap that is killed while it starts the next process leaves that process behind,
   * waiting forever.
   */
  kill(): void {
    this.#launched.input.destroy()
    const { process } = this.#launched
    if (this.#isReady) {
      killLaunched(process)
      return
    }
    this.#isEndedEarly = true
    clearTimeout(this.#startTimer)
    this.#killTimer ??= setTimeout(() => killLaunched(process), startGraceMs)
  }

  /** Ends the process and resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#isAlive) this.kill()
    await this.#exit.promise
  }

  #receiveStderr(text: string): void {
    this.#stderrTail = textTail(this.#stderrTail + text, maxStderrTailLength)
    this.#stderrLength += text.length
    if (this.#stderrLength > maxStderrLength) {
      this.#endForViolation(`it wrote more than ${maxStderrLength} characters to stderr`)
    }
  }

  #endForViolation(violation: string): void {
    this.#violation ??= violation
    this.kill()
  }

  #receive(chunk: Buffer): void {
    if (this.#violation !== undefined || this.#isEndedEarly) return
    try {
      for (const message of this.#reader.push(chunk)) this.#take(sandboxMessageSchema.parse(message))
    } catch (error) {
      this.#endForViolation(`it violated the protocol: ${String(error)}`)
    }
  }

  #take(message: SandboxMessage): void {
    if (message.type !== 'ready') {
      if (!this.#isReady) throw new Error(`a message of type ${message.type} came before the process was ready`)
      if (message.type === 'isolates') this.#options.onIsolates(message)
      else this.#options.onMessage(message)
      return
    }
    if (this.#isReady) throw new Error('the process reported ready twice')
    this.#isReady = true
    clearTimeout(this.#startTimer)
    this.#limitMemory()
    this.#options.onReady(message.versions)
  }

  /**
   * Finds the process that runs guests and puts it under the memory limit. By the time that it is ready, all wrapper
   * commands have started their program.
   */
  #limitMemory(): void {
    const { memory } = this.#options
    this.#pid = chainOf(this.#launched.process.pid).at(-1)
    if (memory && this.#pid !== undefined) this.#cgroup = limitMemory(memory.parent, this.#pid, memory.maxBytes)
  }

  #deathOf(code: number | null, signal: string | null): Death {
    if (this.#violation !== undefined) return { reason: this.#violation, fromOutside: false, outOfMemory: false }
    if ((this.#cgroup?.kills ?? 0) > 0) {
      const reason = `it exceeded the ${this.#options.memory!.maxBytes} bytes of memory of its control group`
      return { reason, fromOutside: false, outOfMemory: true }
    }
    return deathOf(code, signal, this.#stderrTail)
  }

  #exited(death: Death): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    clearTimeout(this.#startTimer)
    clearTimeout(this.#killTimer)
    clearTimeout(this.#closeTimer)
    this.#cgroup?.remove()
    this.#options.onExit(death)
    this.#exit.resolve()
  }
}
