import { textTail } from '@codemode/shared'

import { deathOf, type Death } from './death.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import type { Jail } from './jail/jails.ts'
import { closePipes, killLaunched, launchSandboxProcess, type LaunchedProcess } from './launch.ts'
import { confineMemory, type CgroupParent, type MemoryCgroup } from './memory-cgroup.ts'
import { chainOf } from './proc.ts'
import { sandboxMessageSchema, type HostMessage, type SandboxMessage, type SandboxVersions } from './protocol.ts'

/** The largest frame that a sandbox process sends: a result, of which a character takes two bytes, and console output. */
const maxReportBytes = 5 * 1024 * 1024

/** A process that is not ready after this is given up, */
const startTimeoutMs = 10_000
/** and one that was given up may take this long to end by itself. */
const startGraceMs = 5_000

/** How much of what a process prints is kept, to tell why it died. */
const keptComplaintLength = 2_000
const maxComplaintLength = 1024 * 1024

/** What a process had sent is read for so long after its end. */
const closeGraceMs = 1_000

/** What a process sends once it is ready: all of it is about a guest. */
export type GuestMessage = Exclude<SandboxMessage, { type: 'ready' }>

export interface ProcessLinkOptions {
  readonly jail: Jail
  /** What the kernel is to let the process have, where control groups can be made. */
  readonly memory?: { readonly parent: CgroupParent; readonly maxBytes: number }
  /** Told once, unless the process was given up before. */
  onReady(versions: SandboxVersions): void
  /** Told of each further message of the right form. What it throws is a breach of the protocol, and ends the process. */
  onMessage(message: GuestMessage): void
  onExit(death: Death): void
}

/**
 * A sandbox process, from its start to its end, and the messages to and from it. The first from it says that it is ready.
 * What it sends is an attacker's, until it has been checked.
 */
export class ProcessLink {
  readonly #options: ProcessLinkOptions
  readonly #launched: LaunchedProcess
  readonly #reader = new FrameReader(maxReportBytes)
  readonly #startTimer: NodeJS.Timeout
  #isReady = false
  /** Set when it is to end although it is not ready. */
  #isGivenUp = false
  #pid: number | undefined
  #cgroup: MemoryCgroup | undefined
  #killTimer: NodeJS.Timeout | undefined
  #closeTimer: NodeJS.Timeout | undefined
  #isAlive = true
  readonly #gone = Promise.withResolvers<void>()
  #breach: string | undefined
  #complaint = ''
  #complaintLength = 0

  constructor(options: ProcessLinkOptions) {
    this.#options = options
    this.#launched = launchSandboxProcess(options.jail)
    const { process, input, output, errors } = this.#launched
    output.on('data', (chunk: Buffer) => this.#receive(chunk))
    errors.setEncoding('utf8').on('data', (chunk: string) => this.#complain(chunk))
    // A broken pipe is seen as the process's exit.
    for (const stream of [input, output, errors]) stream.on('error', () => {})
    process.on('error', (error) => this.#exited({ reason: error.message, fromOutside: false, outOfMemory: false }))
    // Not `exit`: what the process had sent before it died is read first, so that the blame falls on the right turn.
    process.on('close', (code, signal) => this.#exited(this.#deathBy(code, signal)))
    // If they are open then, somebody whom it has left behind holds them.
    process.on('exit', () => (this.#closeTimer = setTimeout(() => closePipes(process), closeGraceMs)))
    this.#startTimer = setTimeout(() => this.kill(), startTimeoutMs).unref()
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** The process that the guests run in; known once it is ready. */
  get pid(): number | undefined {
    return this.#pid
  }

  send(message: HostMessage): void {
    if (this.#isAlive) this.#launched.input.write(encodeFrame(message))
  }

  /**
   * Ends the process: at once, if it is ready. One that is still starting ends by itself when its input does: bwrap that is
   * killed in the moment in which it starts the next process leaves that one behind, waiting for ever.
   */
  kill(): void {
    this.#launched.input.destroy()
    const { process } = this.#launched
    if (this.#isReady) {
      killLaunched(process)
      return
    }
    this.#isGivenUp = true
    clearTimeout(this.#startTimer)
    this.#killTimer ??= setTimeout(() => killLaunched(process), startGraceMs)
  }

  /** Ends the process and resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#isAlive) this.kill()
    await this.#gone.promise
  }

  #complain(text: string): void {
    this.#complaint = textTail(this.#complaint + text, keptComplaintLength)
    this.#complaintLength += text.length
    if (this.#complaintLength > maxComplaintLength) this.#break('it prints without end')
  }

  #break(how: string): void {
    this.#breach ??= how
    this.kill()
  }

  #receive(chunk: Buffer): void {
    if (this.#breach !== undefined || this.#isGivenUp) return
    try {
      for (const message of this.#reader.push(chunk)) this.#take(sandboxMessageSchema.parse(message))
    } catch (error) {
      this.#break(`it broke the protocol: ${String(error)}`)
    }
  }

  #take(message: SandboxMessage): void {
    if (message.type !== 'ready') {
      if (!this.#isReady) throw new Error('it is not ready yet')
      this.#options.onMessage(message)
      return
    }
    if (this.#isReady) throw new Error('it is ready already')
    this.#isReady = true
    clearTimeout(this.#startTimer)
    this.#confine()
    this.#options.onReady(message.versions)
  }

  /** By now all commands around the process have started it. */
  #confine(): void {
    const { memory } = this.#options
    this.#pid = chainOf(this.#launched.process.pid).at(-1)
    if (memory && this.#pid !== undefined) this.#cgroup = confineMemory(memory.parent, this.#pid, memory.maxBytes)
  }

  #deathBy(code: number | null, signal: string | null): Death {
    if (this.#breach !== undefined) return { reason: this.#breach, fromOutside: false, outOfMemory: false }
    const wasTooLarge = (this.#cgroup?.kills ?? 0) > 0
    if (wasTooLarge) return { reason: 'it outgrew its control group', fromOutside: false, outOfMemory: true }
    return deathOf(code, signal, this.#complaint)
  }

  #exited(death: Death): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    clearTimeout(this.#startTimer)
    clearTimeout(this.#killTimer)
    clearTimeout(this.#closeTimer)
    this.#cgroup?.remove()
    this.#options.onExit(death)
    this.#gone.resolve()
  }
}
