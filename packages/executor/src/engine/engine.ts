import type {
  ExecutionEvent,
  ExecutionRequest,
  InstanceReading,
  Journal,
  KnownReading,
  ToolAnswer,
} from '@codemode/shared'

import type { Principal } from './principal.ts'

/** A valid request, with the facts about its connection that the engine needs. */
export interface Submission {
  readonly request: ExecutionRequest
  /** SHA-256 of the request's body: the same id with the same hash attaches, with another one it is a conflict. */
  readonly bodyHash: string
  readonly principal: Principal
  readonly correlationId: string
  /** `stream` when tools are to be answered through `tool-results`, because there is no callback. */
  readonly transport: 'callback' | 'stream'
  /** Milliseconds for which the client still waits; absent if it did not say. */
  readonly remainingMs?: number
  /** Reading that the client had before the first attempt that may have arrived; absent if the client sends none. */
  readonly known?: KnownReading
}

/** An event as it is kept and sent: its JSON text, id and type. */
export interface EventText {
  readonly id: string
  readonly type: ExecutionEvent['type']
  readonly json: string
}

/**
 * An execution as the HTTP layer sees it. Events, result and record are JSON text: their values are passed on as the guest
 * wrote them, at any depth of nesting, and are not kept parsed.
 */
export interface ExecutionHandle {
  readonly id: string
  readonly correlationId: string
  /** Id of the key that submitted it. Other keys of the tenant may read and cancel it, but not answer its tool calls. */
  readonly keyId: string
  /** Resolves when admitted; rejects with a `RequestError` when refused or timed out in the queue. */
  readonly admitted: Promise<void>
  /** Resolves when the execution has ended, with success or not; never rejects once admitted. */
  readonly finished: Promise<void>
  /** An `ExecutionResult`, once `finished` has resolved. */
  result(): string
  /** Events after the given id (all when it is undefined), ending after `finished`. Throws `RequestError` EVENTS_GONE when they are no longer kept. */
  events(options: { after?: string; signal: AbortSignal }): AsyncIterable<EventText>
  /**
   * Counts a reader; an attached execution without readers is cancelled after the grace. Call the result when the reader is
   * gone. Throws `RequestError` RATE_LIMITED when there are too many.
   */
  attachReader(): () => void
  /** Ends the execution as CANCELLED; nothing happens when it has ended. */
  cancel(reason?: string): void
  /** Takes the answer of a tool call over the stream; false when it came too late, twice, or for no open call. */
  answerCall(callId: string, answer: ToolAnswer): boolean
  /** An `ExecutionRecord`. */
  record(): string
  journal(): Journal
}

/** Runs executions. It is independent of HTTP, and of isolates behind the sandbox's interface. */
export interface Engine {
  /** Returns a reading of this engine's clock, which began when the engine was created. */
  reading(): InstanceReading
  /** Attaches to the execution with the request's id or queues a new one. Throws `RequestError`. */
  submit(submission: Submission): ExecutionHandle
  /** Returns the tenant's execution with this id. Throws `RequestError` NOT_FOUND for an unknown or foreign one. */
  find(tenant: string, id: string): ExecutionHandle
  /** Whether new executions are taken and a sandbox process is ready. */
  readonly ready: boolean
  /** Refuses new executions, waits up to `drainMs` for the others, and cancels those that remain. */
  close(options: { drainMs: number }): Promise<void>
}
