import type { Approval, ErrorCode, ExecutionFailure, LogEntry, Warning } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ResultSource, SettledStatus } from '../run/execution-result.ts'
import type { Retry } from '../executor.ts'
import { callListener } from './call-listener.ts'

interface Ids {
  /** Id of the execution to which the event belongs. */
  readonly executionId: string
  /** Id shared by client, executor, tool calls and logs. */
  readonly correlationId: string
}

/** Event: an execution is sent to the executor. */
export interface StartEvent extends Ids {
  /** Label of the execution, if it has one. */
  readonly label: string | undefined
  /** Milliseconds that the execution waited in the client's queue. */
  readonly queuedMs: number
}

/** Event: a tool of this client has answered a call. */
export interface ToolEvent extends Ids {
  /** Id of the call: `<executionId>:<n>`. */
  readonly callId: string
  /** Name of the tool as the code called it. */
  readonly tool: string
  /** Milliseconds that validation and handler took. */
  readonly durationMs: number
  /** Failure of the call, if it failed. `cause` is the value that the handler threw; the code does not get it. */
  readonly error: { readonly code: string | undefined; readonly message: string; readonly cause: unknown } | undefined
}

/** Event: the code has written to its console. */
export interface LogEvent extends Ids, LogEntry {}

/** Event: a tool call of an execution waits for an approval. */
export interface ApprovalEvent extends Ids {
  /** Label of the execution, if this client has started it with one. */
  readonly label: string | undefined
  /** Approval that is pending, for `codemode.decide(approval, decision)`. */
  readonly approval: Approval
}

/** Event: an execution has ended or is paused, or its request has failed. */
export interface SettleEvent extends Ids {
  /** Label of the execution, if it has one. */
  readonly label: string | undefined
  /** Final status; `failed` for a request that failed; `paused` for an execution that waits for approvals. */
  readonly status: SettledStatus
  /** Milliseconds since the call of the client, time in its queue included. */
  readonly durationMs: number
  /** Failure or cancellation, with causes and inner errors; undefined if the execution completed. */
  readonly error:
    | ({ readonly code: ErrorCode | (string & {}); readonly message: string } & Pick<
        ExecutionFailure,
        'cause' | 'errors'
      >)
    | undefined
  /** Probable mistakes in the code that did not make it fail. */
  readonly warnings: readonly Warning[]
  /** Source of the result; undefined if there is no result. */
  readonly source: ResultSource | undefined
}

/** Events of a client, by name. */
export interface ClientEvents {
  /** Emitted when an execution is sent to the executor. */
  readonly start: StartEvent
  /** Emitted when a request has failed and will be sent again. */
  readonly retry: Retry
  /** Emitted when a tool of this client has answered a call, or a call was refused as a conflict. */
  readonly tool: ToolEvent
  /** Emitted when the code has written to its console. */
  readonly log: LogEvent
  /** Emitted when this client learns, from the events or the result of an execution, that an approval is pending. */
  readonly approval: ApprovalEvent
  /** Emitted when an execution has ended or is paused, or its request has failed. */
  readonly settle: SettleEvent
}

/** Called with each event of the name. If it throws or rejects, a process warning is emitted, without other effects. */
export type ClientListener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => void

/** Emitter of a client's events to its listeners. */
export class ClientEmitter {
  readonly #listeners: { readonly [Name in keyof ClientEvents]: Set<ClientListener<Name>> } = {
    start: new Set(),
    retry: new Set(),
    tool: new Set(),
    log: new Set(),
    approval: new Set(),
    settle: new Set(),
  }

  /** Adds a listener. Returns a function that removes it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: ClientListener<Name>): () => void {
    const listeners: Set<ClientListener<Name>> | undefined = this.#listeners[name]
    if (listeners === undefined || typeof listener !== 'function') throw invalidListener(name, listener)
    // Each call adds a new function, so that a listener may be added twice.
    const call: ClientListener<Name> = (event) => listener(event)
    listeners.add(call)
    return () => void listeners.delete(call)
  }

  has(name: keyof ClientEvents): boolean {
    return this.#listeners[name].size > 0
  }

  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    const listeners = this.#listeners[name]
    // Iterates over a copy: a listener added by a listener gets the next event, not this one, which could loop forever.
    for (const listener of Array.from(listeners)) {
      if (listeners.has(listener)) callListener(`A listener of the event ${name}`, listener, event)
    }
  }
}

function invalidListener(name: unknown, listener: unknown): ConfigurationError {
  return new ConfigurationError(
    `on() takes the name of an event (start, retry, tool, log, approval or settle) and a function; got ${String(name)} and a value of type ${typeof listener}.`,
    "codemode.on('settle', ({ executionId, status }) => console.log(executionId, status))",
  )
}
