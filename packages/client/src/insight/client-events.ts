import type { ErrorCode, ExecutionFailure, LogEntry, Warning } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { FinalStatus, ResultSource } from '../execution-result.ts'
import type { Retry } from '../executor.ts'
import { tell } from './tell.ts'

interface Ids {
  /** The execution that it belongs to. */
  readonly executionId: string
  /** The id that client, executor, tool calls and logs share. */
  readonly correlationId: string
}

/** An execution is sent to the executor. */
export interface StartEvent extends Ids {
  /** The execution's `label`, if it has one. */
  readonly label: string | undefined
  /** How long it waited in the client's own queue, in milliseconds. */
  readonly queuedMs: number
}

/** A tool of this client has answered a call. */
export interface ToolEvent extends Ids {
  /** The id of the call: `<executionId>:<n>`. */
  readonly callId: string
  /** The tool's name as the code calls it. */
  readonly tool: string
  /** Validation and handler, in milliseconds. */
  readonly durationMs: number
  /** Why the call failed, if it did; `cause` is what the handler threw, with its stack. The code gets neither. */
  readonly error: { readonly code: string | undefined; readonly message: string; readonly cause: unknown } | undefined
}

/** The code has written to its console. */
export interface LogEvent extends Ids, LogEntry {}

/** An execution is over, or its request has failed. */
export interface SettleEvent extends Ids {
  /** The execution's `label`, if it has one. */
  readonly label: string | undefined
  /** How it ended; a request that failed is `failed`. */
  readonly status: FinalStatus
  /** From the call until now, in milliseconds, the client's own queue included. */
  readonly durationMs: number
  /** Why it failed, or who cancelled, with causes and inner errors; undefined if it completed. */
  readonly error:
    | ({ readonly code: ErrorCode | (string & {}); readonly message: string } & Pick<
        ExecutionFailure,
        'cause' | 'errors'
      >)
    | undefined
  /** Probable mistakes of the code that did not make it fail. */
  readonly warnings: readonly Warning[]
  /** Where the result comes from; undefined if there is none. */
  readonly source: ResultSource | undefined
}

/** What a client tells its listeners, by name. */
export interface ClientEvents {
  /** An execution is sent to the executor. */
  readonly start: StartEvent
  /** A request has failed and will be sent again. */
  readonly retry: Retry
  /** A tool of this client has answered a call. */
  readonly tool: ToolEvent
  /** The code has written to its console. */
  readonly log: LogEvent
  /** An execution is over, or its request has failed. */
  readonly settle: SettleEvent
}

/** Is told of each event of that name. One that throws or rejects is warned of, and disturbs nobody else. */
export type ClientListener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => void

/** The listeners of a client. */
export class ClientEmitter {
  readonly #listeners: { readonly [Name in keyof ClientEvents]: Set<ClientListener<Name>> } = {
    start: new Set(),
    retry: new Set(),
    tool: new Set(),
    log: new Set(),
    settle: new Set(),
  }

  /** Adds a listener; what it returns removes it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: ClientListener<Name>): () => void {
    const listeners: Set<ClientListener<Name>> | undefined = this.#listeners[name]
    if (listeners === undefined || typeof listener !== 'function') throw noListener(name)
    // A function of its own for each call, so that a listener may be added twice.
    const call: ClientListener<Name> = (event) => listener(event)
    listeners.add(call)
    return () => void listeners.delete(call)
  }

  has(name: keyof ClientEvents): boolean {
    return this.#listeners[name].size > 0
  }

  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    const listeners = this.#listeners[name]
    // Of a copy: who is added meanwhile hears of the next event, and not of this one without end.
    for (const listener of Array.from(listeners)) {
      if (listeners.has(listener)) tell(`A listener of the event ${name}`, listener, event)
    }
  }
}

function noListener(name: unknown): ConfigurationError {
  return new ConfigurationError(
    `A listener is a function, of one of the events start, retry, tool, log and settle: this is of ${String(name)}.`,
    "codemode.on('settle', ({ executionId, status }) => console.log(executionId, status))",
  )
}
