import type { ApprovedCall, ToolCallSummary } from '@codemode/shared'

import { Fifo } from '../fifo.ts'

/** Tool call of an execution. */
export interface CallState {
  /** Number of the call within the execution, counted from 1. */
  readonly number: number
  readonly tool: string
  /** Input of the call as JSON text; the edited one after an approval with another input. */
  readonly input: string
  /** Status of the call; `queued` until it has a place among the calls in flight. */
  readonly status: ToolCallSummary['status']
  /** Time at which the call got its place in flight, in milliseconds since the epoch; undefined before. */
  readonly sentAt: number | undefined
  /** Time since which the call waits for an approval or a deferred answer; undefined if it does not. */
  readonly heldAt: number | undefined
  /** Whether the handler has deferred the answer, also after the call was settled. */
  readonly wasDeferred: boolean
  /** Reason that the tool gave for asking for an approval. */
  readonly reason: string | undefined
  /** Proof of the approval, which is sent with the call; undefined for a call that was not approved. */
  readonly approval: ApprovedCall | undefined
  readonly durationMs: number
  readonly errorCode: string | undefined
}

type MutableCall = { -readonly [Field in keyof CallState]: CallState[Field] }

/** Outcome of a call. */
interface Settlement {
  readonly status: 'completed' | 'failed' | 'cancelled'
  readonly errorCode?: string | undefined
}

/** Approval of a call. */
interface Approved {
  readonly approval: ApprovedCall
  /** Edited input as JSON text. */
  readonly input?: string | undefined
}

/**
 * Maximum number of calls in a `waiting` event. There is one at every wait, so its size must not grow with the number
 * of open calls.
 */
const maxListedCalls = 100

/**
 * Tool calls of one execution, in the order in which the guest made them. A call waits in a queue until fewer calls than
 * the limit are in flight.
 */
export class CallTable {
  readonly #maxInFlight: number
  readonly #calls: MutableCall[] = []
  /** Open calls by number. */
  readonly #open = new Map<number, MutableCall>()
  readonly #queue = new Fifo<MutableCall>()
  /** Open calls that wait for an approval or a deferred answer, by number. They have no place in flight. */
  readonly #held = new Map<number, MutableCall>()
  /** First open calls, at most `maxListedCalls`. */
  #listed: MutableCall[] = []
  /** Number of calls that were examined to find the first open ones. */
  #examined = 0
  #inFlight = 0

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight
  }

  get all(): readonly CallState[] {
    return this.#calls
  }

  /** Number of calls that the guest still waits for. */
  get openCount(): number {
    return this.#open.size
  }

  /** Number of calls that are queued or in flight. */
  get activeCount(): number {
    return this.#open.size - this.#held.size
  }

  /** Open calls that wait for an approval or a deferred answer. */
  get held(): Iterable<CallState> {
    return this.#held.values()
  }

  /** Whether all open calls wait for approvals, and there is one. */
  get areAllPaused(): boolean {
    return (
      this.#open.size > 0 && this.activeCount === 0 && this.#held.values().every(({ status }) => status === 'paused')
    )
  }

  /** Returns the open call with this number; undefined if there is none. */
  open(number: number): CallState | undefined {
    return this.#open.get(number)
  }

  /**
   * Returns the first open calls, at most 100. Examines each call at most once to find them, however often it is called.
   */
  firstOpen(): readonly CallState[] {
    this.#listed = this.#listed.filter(isOpen)
    while (this.#listed.length < maxListedCalls && this.#examined < this.#calls.length) {
      const call = this.#calls[this.#examined++]!
      if (isOpen(call)) this.#listed.push(call)
    }
    return this.#listed
  }

  /** Adds a call that the guest made. It is queued for a place in flight, unless it is never sent, or paused at once. */
  add(
    made: { call: number; tool: string; input: string },
    { isRefused, pausedAt }: { isRefused: boolean; pausedAt?: number | undefined },
  ): CallState {
    const { call: number, tool, input } = made
    const call: MutableCall = {
      number,
      tool,
      input,
      status: 'queued',
      sentAt: undefined,
      heldAt: undefined,
      wasDeferred: false,
      reason: undefined,
      approval: undefined,
      durationMs: 0,
      errorCode: undefined,
    }
    this.#calls.push(call)
    this.#open.set(number, call)
    if (isRefused) return call
    if (pausedAt === undefined) this.#queue.add(call)
    else this.#hold(call, 'paused', pausedAt)
    return call
  }

  /** Makes a call in flight wait for an approval. */
  pause(number: number, at: number, reason: string | undefined): CallState {
    const call = this.#openCall(number)
    call.reason = reason
    return this.#hold(call, 'paused', at)
  }

  /** Makes a call in flight wait for its deferred answer. */
  defer(number: number, at: number): CallState {
    const call = this.#openCall(number)
    call.wasDeferred = true
    return this.#hold(call, 'deferred', at)
  }

  /** Queues a paused call that was approved for a place in flight. */
  approve(number: number, { approval, input }: Approved): CallState {
    const call = this.#openCall(number)
    this.#held.delete(number)
    call.status = 'queued'
    call.heldAt = undefined
    call.approval = approval
    call.input = input ?? call.input
    this.#queue.add(call)
    return call
  }

  /** Starts the time of all calls in flight anew. */
  restart(at: number): void {
    for (const call of this.#open.values()) if (call.status === 'running') call.sentAt = at
  }

  /** Gives queued calls the free places in flight, and returns these calls. */
  takePlaces(at: number): CallState[] {
    const sent: MutableCall[] = []
    while (this.#inFlight < this.#maxInFlight) {
      const call = this.#queue.take()
      if (call === undefined) break
      this.#inFlight += 1
      call.status = 'running'
      call.sentAt = at
      sent.push(call)
    }
    return sent
  }

  /** Settles an open call. Throws an `Error` for a call that is not open. */
  settle(number: number, at: number, { status, errorCode }: Settlement): CallState {
    const call = this.#openCall(number)
    this.#open.delete(number)
    this.#held.delete(number)
    if (call.status === 'running') this.#inFlight -= 1
    call.heldAt = undefined
    call.status = status
    call.errorCode = errorCode
    if (call.sentAt !== undefined) call.durationMs = at - call.sentAt
    return call
  }

  /** Cancels all open calls, and returns them. */
  cancelOpen(at: number): CallState[] {
    this.#queue.clear()
    return [...this.#open.keys()].map((number) => this.settle(number, at, { status: 'cancelled' }))
  }

  #openCall(number: number): MutableCall {
    const call = this.#open.get(number)
    if (call === undefined) throw new Error(`The journal refers to call ${number}, which is not open`)
    return call
  }

  #hold(call: MutableCall, status: 'paused' | 'deferred', at: number): CallState {
    if (call.status === 'running') this.#inFlight -= 1
    call.status = status
    call.heldAt = at
    this.#held.set(call.number, call)
    return call
  }
}

function isOpen({ status }: CallState): boolean {
  return status === 'queued' || status === 'running' || status === 'paused' || status === 'deferred'
}
