import {
  newCorrelationId,
  newExecutionId,
  type ExecutionEvent,
  type ExecutionRecord,
  type ExecutionRequest,
  type ExecutionResult as WireResult,
  type PausedExecution as WirePaused,
} from '@codemode/shared'
import type { Attributes, Span } from '@opentelemetry/api'

import { resolveTimeouts } from '../config/timeouts.ts'
import { environmentProxies } from '../config/env.ts'
import { resolveConnection } from '../config/resolve.ts'
import type { ExecutorClientConfig } from '../config/schema.ts'
import { cancelledBy, clientClosed, requestAborted } from '../errors/cancelled-error.ts'
import { timeoutFieldsOf } from '../errors/error-from-result.ts'
import { concludeError, ExecutorClientError } from '../errors/executor-client-error.ts'
import { ExecutorConnectionError } from '../errors/executor-connection-error.ts'
import { pausedFromWire, resultFromWire, statusOf, type ExecutionResult } from '../run/execution-result.ts'
import type { ExecutionScope } from '../http/request-scope.ts'
import { DetachedClient } from './detached-client.ts'
import { anyObject, ExecutionsApi } from './executions-api.ts'
import type { ControlOptions, DetachedExecutor, Executor, RunOptions, SessionsExecutor } from '../executor.ts'
import { followEvents } from './follow-events.ts'
import { HttpClient } from '../http/http-client.ts'
import { parseResponse } from '../http/parse-response.ts'
import { resolveRetryPolicy } from '../http/retry-policy.ts'
import { forwardAbort } from '../async/forward-abort.ts'
import { withJsonValues } from '../run/request-json.ts'
import { RunLifetime } from './run-lifetime.ts'
import { withinTime } from './within-time.ts'
import { runByStream } from './run-by-stream.ts'
import { runDurableStep, type DurableStepOptions } from './run-durable-step.ts'
import { SessionsClient } from '../sessions/sessions-client.ts'
import { asExpired } from '../sessions/session-errors.ts'
import { resolveIfUnknown, unknownOutcome } from './resolve-outcome.ts'
import { attributes, inSpan, markFailed } from '../insight/telemetry.ts'
import { CallRecord } from '../tools/call-record.ts'

/** Timeout of cancellations and health checks, in milliseconds. */
const controlTimeoutMs = 5_000
/**
 * Milliseconds that closing waits for the confirmation of cancellations. An executor that does not confirm one in this time, but has
 * received it, cancels the execution nevertheless; one that has not, does so because the connections of the client are gone.
 */
const closeTimeoutMs = 1_000

type IdentifiedRequest = ExecutionRequest & { readonly id: string }

/** Run of this client that has not ended. */
interface RunningExecution {
  readonly executionId: string
  readonly lifetime: RunLifetime
  /** Aborts when the run has ended or the executor has cancelled it: no further tool calls are started. */
  readonly callsEnded: AbortController
  result?: Promise<unknown>
}

/** Executor over HTTP. It retries requests, resumes event streams, cancels, and serves tool calls of event streams. */
export class ExecutorClient implements Executor {
  /** Detached executions, which outlive this client. */
  readonly detached: DetachedExecutor
  /** Sessions, which stay at the executor when this client closes. */
  readonly sessions: SessionsExecutor
  readonly #http: HttpClient
  readonly #api: ExecutionsApi
  readonly #requestTimeoutMs: number | undefined
  readonly #closing = new AbortController()
  /** Aborts the cancellations that are not confirmed when the client has waited long enough for them. */
  readonly #leaving = new AbortController()
  /** Runs that have not ended. An entry is emptied when it is removed, for the reason in design/collections.md. */
  readonly #running = new Set<{ run: RunningExecution | undefined }>()
  readonly #cancelling = new Set<Promise<void>>()
  readonly #callRecord = new CallRecord()

  /** Creates an executor that connects on first use. Throws a ConfigurationError if the configuration is invalid. */
  constructor(config: ExecutorClientConfig) {
    const resolved = resolveConnection(config)
    this.#http = new HttpClient({ ...resolved, proxies: environmentProxies() })
    const policy = resolveRetryPolicy(resolved.retry)
    this.#api = new ExecutionsApi(this.#http, policy)
    this.sessions = new SessionsClient(this.#http, policy, this.#closing.signal)
    this.#requestTimeoutMs = resolved.requestTimeoutMs
    this.detached = new DetachedClient(this.#api, this.#closing.signal, this.#callRecord)
  }

  /**
   * Runs an execution to its end, or until it is paused. Rejects with a typed error if the request failed, not if the code
   * failed.
   */
  async run(request: ExecutionRequest, options: RunOptions): Promise<ExecutionResult> {
    const executionId = request.id ?? newExecutionId()
    const identified = { ...request, id: executionId }
    const correlationId = options.correlationId ?? newCorrelationId()
    const timeoutMs = options.requestTimeoutMs ?? this.#timeoutOf(request)
    if (options.session?.isDurable === true) {
      const { session } = options
      const resolved = { ...options, session, correlationId, requestTimeoutMs: timeoutMs }
      return this.#runDurableStep(identified, resolved)
    }
    const lifetime = new RunLifetime({ executionId, correlationId, timeoutMs, signals: [options.signal] })
    const callsEnded = new AbortController()
    const running: RunningExecution & { result?: Promise<ExecutionResult> } = { executionId, lifetime, callsEnded }
    const endCallback = (): void => options.callbackEnded?.(executionId)
    callsEnded.signal.addEventListener('abort', endCallback, { once: true })
    const entry: { run: RunningExecution | undefined } = { run: running }
    this.#running.add(entry)
    if (this.#closing.signal.aborted) lifetime.cancel(this.#closing.signal.reason)
    const { signal, deadlineAt } = lifetime
    const { onRetry, onAccepted, canGoElsewhere } = options
    const sessionId = options.session?.id
    const scope = { executionId, correlationId, sessionId, signal, deadlineAt, onRetry, onAccepted, canGoElsewhere }
    const details = { attributes: attributesOf(identified, correlationId) }
    running.result = inSpan('codemode.execute', details, async (span) => {
      const result = await this.#execute(withJsonValues(identified), options, scope, running)
      observeResult(span, result)
      return result
    })
    try {
      return await running.result
    } finally {
      this.#running.delete(entry)
      entry.run = undefined
      callsEnded.abort()
      lifetime.dispose()
    }
  }

  /** Cancels an execution and its tool calls. Resolves when the executor has confirmed. */
  async cancel(executionId: string, reason?: string, options: ControlOptions = {}): Promise<void> {
    const control = this.#controlRequest(executionId, options)
    try {
      await this.#api.cancel(reason, control.scope)
      for (const { run } of this.#running) if (run?.executionId === executionId) run.callsEnded.abort()
    } finally {
      control.dispose()
    }
  }

  /** Returns the record of an execution. Rejects with the code `NOT_FOUND` if the executor has no such execution. */
  record(executionId: string, { correlationId, signal }: ControlOptions = {}): Promise<ExecutionRecord> {
    const options = { correlationId, signals: [signal, this.#closing.signal], timeoutMs: undefined }
    return withinTime(executionId, options, (scope) => this.#api.record(scope))
  }

  /** Yields the events of an execution after the given one, or from the first, to its end. */
  async *events(
    executionId: string,
    options: ControlOptions & { readonly after?: string | undefined } = {},
  ): AsyncGenerator<ExecutionEvent, void> {
    const correlationId = options.correlationId ?? newCorrelationId()
    const controller = new AbortController()
    const ids = { executionId, correlationId }
    const stopForwarding = [
      forwardAbort(options.signal, controller, (reason) => requestAborted(reason, ids)),
      forwardAbort(this.#closing.signal, controller, (reason) => cancelledBy(reason, ids)),
    ]
    const scope = { ...ids, signal: controller.signal, deadlineAt: Infinity }
    try {
      yield* followEvents(() => this.#api.events(options.after, scope), this.#api, scope, options.after)
    } finally {
      for (const stop of stopForwarding) stop()
    }
  }

  /** Resolves with whether the executor answers at all. */
  isLive(): Promise<boolean> {
    return this.#probe('/livez')
  }

  /** Resolves with whether the executor takes executions now. */
  isReady(): Promise<boolean> {
    return this.#probe('/readyz')
  }

  /**
   * Cancels the executions that it runs, except steps of durable sessions, and closes all connections. Waits at most a second for an
   * executor to confirm the cancellations.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = clientClosed()
    this.#closing.abort(reason)
    const running = Array.from(this.#running, ({ run }) => run!)
    for (const { lifetime } of running) lifetime.cancel(reason)
    await Promise.allSettled(running.flatMap(({ result }) => result ?? []))
    const timer = setTimeout(() => this.#leaving.abort(reason), closeTimeoutMs)
    await Promise.all(this.#cancelling)
    clearTimeout(timer)
    await this.#http.close()
  }

  #runDurableStep(given: IdentifiedRequest, options: DurableStepOptions): Promise<ExecutionResult> {
    const details = { attributes: attributesOf(given, options.correlationId) }
    return inSpan('codemode.execute', details, async (span) => {
      const hasTools = (given.tools?.length ?? 0) > 0
      const callback = hasTools ? await options.callbackFor?.(given.id) : undefined
      const request = { ...withJsonValues(given), ...(callback && { callback }) }
      const step = { request, options, closing: this.#closing.signal, record: this.#callRecord }
      const result = resultFromWire(await runDurableStep(step, this.#api))
      observeResult(span, result)
      return result
    })
  }

  async #execute(
    given: ExecutionRequest,
    options: RunOptions,
    scope: ExecutionScope,
    { lifetime, callsEnded }: RunningExecution,
  ): Promise<ExecutionResult> {
    // An execution that was cancelled before it started makes no callback and sends no request.
    lifetime.signal.throwIfAborted()
    const hasTools = (given.tools?.length ?? 0) > 0
    const callback = hasTools ? await options.callbackFor?.(scope.executionId) : undefined
    const request = callback === undefined ? given : { ...given, callback }
    const body = JSON.stringify(request)
    const isAnsweredHere = hasTools && request.callback === undefined
    try {
      const result =
        isAnsweredHere || options.onEvent !== undefined
          ? await runByStream(
              { request, body, scope, lifetime, callsEnded: callsEnded.signal, options, record: this.#callRecord },
              this.#api,
            )
          : await this.#api.run(body, scope).catch((error: unknown) => resolveIfUnknown(this.#api, scope, error))
      if (hasRequestTimedOut(result)) throw concludeError(lifetime.timedOut(), { attempts: 1, ambiguous: true })
      return 'status' in result ? pausedFromWire(result) : resultFromWire(result)
    } catch (error) {
      if (lifetime.signal.aborted) {
        const reason: unknown = lifetime.signal.reason
        this.#cancelInBackground(scope)
        throw reason instanceof ExecutorClientError ? concludeError(reason, { attempts: 1, ambiguous: true }) : reason
      }
      const isUnknown = error instanceof ExecutorConnectionError && error.ambiguous && error.retryable
      if (isUnknown && error.code === 'CONNECTION_FAILED') throw unknownOutcome(scope, error)
      throw scope.sessionId === undefined ? error : asExpired(error, scope.sessionId)
    }
  }

  /** Cancels an execution whose run has been aborted, in the background: within a bounded time, ignoring failures. */
  #cancelInBackground({ executionId, correlationId, signal }: ExecutionScope): void {
    const { message }: Error = signal.reason
    const cancelling = this.cancel(executionId, message, { correlationId, signal: this.#leaving.signal })
      .catch(() => {})
      .finally(() => this.#cancelling.delete(cancelling))
    this.#cancelling.add(cancelling)
  }

  #controlRequest(executionId: string, { correlationId = newCorrelationId(), signal }: ControlOptions) {
    const lifetime = new RunLifetime({ executionId, correlationId, timeoutMs: controlTimeoutMs, signals: [signal] })
    const scope = { executionId, correlationId, signal: lifetime.signal, deadlineAt: lifetime.deadlineAt }
    return { scope, dispose: () => lifetime.dispose() }
  }

  async #probe(path: '/livez' | '/readyz'): Promise<boolean> {
    const signal = AbortSignal.timeout(controlTimeoutMs)
    const deadlineAt = performance.now() + controlTimeoutMs
    try {
      const scope = { correlationId: newCorrelationId(), signal, deadlineAt }
      parseResponse(anyObject, await this.#http.text({ method: 'GET', path }, scope), `response to ${path}`)
      return true
    } catch (error) {
      if (error instanceof ExecutorClientError || signal.aborted) return false
      throw error
    }
  }

  #timeoutOf({ limits = {} }: ExecutionRequest): number {
    return resolveTimeouts({ requestTimeoutMs: this.#requestTimeoutMs }, limits).requestTimeoutMs
  }
}

function attributesOf({ id, label }: IdentifiedRequest, correlationId: string): Attributes {
  return {
    [attributes.executionId]: id,
    [attributes.correlationId]: correlationId,
    ...(label !== undefined && { [attributes.label]: label }),
  }
}

function observeResult(span: Span, result: ExecutionResult): void {
  span.setAttribute(attributes.outcome, statusOf(result))
  if ('error' in result) markFailed(span, result.error.code)
}

/**
 * Returns whether the executor ended the execution because `requestTimeoutMs` had passed. The executor gets the
 * remaining time with the request, and may notice the timeout before the client.
 */
function hasRequestTimedOut(result: WireResult | WirePaused): boolean {
  if (!('error' in result) || result.error.code !== 'EXECUTION_TIMEOUT') return false
  return timeoutFieldsOf(result.error.details, 'execution').layer === 'request'
}
