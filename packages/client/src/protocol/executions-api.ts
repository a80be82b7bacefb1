import type { Readable } from 'node:stream'

import {
  acceptedExecutionSchema,
  approvalListSchema,
  approvalSchema,
  executionListSchema,
  executionRecordSchema,
  executionResultSchema,
  headers,
  pausedExecutionSchema,
  toolResultsResponseSchema,
  type AcceptedExecution,
  type Approval,
  type ApprovalList,
  type ExecutionList,
  type ExecutionRecord,
  type ExecutionResult,
  type InstanceReading,
  type JsonObject,
  type PausedExecution,
} from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'
import { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { Retry } from '../executor.ts'
import { AtMostOnce } from '../http/at-most-once.ts'
import type { HttpClient } from '../http/http-client.ts'
import { parseResponse } from '../http/parse-response.ts'
import type { ExecutionScope, RequestScope } from '../http/request-scope.ts'
import type { RetryPolicy } from '../http/retry-policy.ts'
import { withRetries } from '../http/with-retries.ts'

/** Schema that every response of an executor matches, but not, for example, a login page of a proxy. */
export const anyObject = z.looseObject({})

/** Part of the header of a journal: the tools of its execution, and its context as JSON text. */
const headerSchema = z.object({
  header: z.object({ tools: z.array(z.object({ name: z.string() })), context: z.string().default('{}') }),
})

/** Response to a request that runs an execution to its end, or until it is paused. */
const outcomeSchema = z.union([executionResultSchema, pausedExecutionSchema])

/** Maximum number of attempts to read an execution's record after the last attempt of another request has failed. */
const maxRecordAttempts = 3

/** Routes of the executor, one method each: the request, its retries, and the schema of its response. */
export class ExecutionsApi {
  readonly policy: RetryPolicy
  readonly #http: HttpClient

  constructor(http: HttpClient, policy: RetryPolicy) {
    this.#http = http
    this.policy = policy
  }

  /**
   * Returns the policy for reading a record after failed attempts. Its delays continue the backoff of those attempts.
   */
  recordPolicy(attempts: number): RetryPolicy {
    const { maxAttempts, backoffBaseMs } = this.policy
    return {
      ...this.policy,
      maxAttempts: Math.min(maxAttempts, maxRecordAttempts),
      backoffBaseMs: backoffBaseMs * 2 ** Math.min(attempts, 16),
    }
  }

  /**
   * Sends `POST /v1/executions`, or adds a step to a session. Resolves when the execution has ended or is paused. Every attempt
   * sends the same body.
   */
  async run(body: string, scope: ExecutionScope): Promise<ExecutionResult | PausedExecution> {
    return this.#sendCreation(scope, async (creation) =>
      parseResponse(outcomeSchema, await this.#http.text({ ...creation, body }, scope), 'result'),
    )
  }

  /**
   * Sends `POST /v1/executions`, or adds a step to a session. Resolves with the stream of events when the executor has accepted
   * the execution.
   */
  open(body: string, scope: ExecutionScope): Promise<Readable> {
    return this.#sendCreation(scope, (creation) => this.#http.stream({ ...creation, body }, scope))
  }

  /**
   * Sends `GET /v1/executions/:id/events`. Resolves with the stream of events after the given one. A reader that serves the
   * tool calls gets the error EXECUTION_SERVED, which is not retried, while another one does.
   */
  events(lastEventId: string | undefined, scope: EventsScope): Promise<Readable> {
    const query = scope.servesCalls === true ? '?serve=1' : ''
    return this.#sendWithRetries(scope, (attemptNumber) => {
      const resume = lastEventId === undefined ? {} : { [headers.lastEventId]: lastEventId }
      const request = {
        method: 'GET',
        path: `${pathOf(scope)}/events${query}`,
        headers: resume,
        attemptNumber,
      } as const
      return this.#http.stream(request, scope).catch(asFinalIfServed)
    })
  }

  /** Sends `GET /v1/executions/:id`, with retries by the given policy. */
  async record(scope: ExecutionScope, policy: RetryPolicy = this.policy): Promise<ExecutionRecord> {
    return withRetries({ ...this.#retryScope(scope), policy, canGoElsewhere: false }, async (attemptNumber) => {
      const request = { method: 'GET', path: pathOf(scope), attemptNumber } as const
      return parseResponse(executionRecordSchema, await this.#http.text(request, scope), 'record')
    })
  }

  /** Sends `POST /v1/executions/:id/cancel`. */
  async cancel(reason: string | undefined, scope: ExecutionScope): Promise<void> {
    const body = JSON.stringify({ reason: reason && textHead(reason, 1_000) })
    await this.#sendWithRetries(scope, async (attemptNumber) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/cancel`, body, attemptNumber } as const
      parseResponse(anyObject, await this.#http.text(request, scope), 'response to a cancellation')
    })
  }

  /**
   * Sends `POST /v1/executions/:id/tool-results` with the text of a `ToolResultsRequest`. Resolves with the call ids
   * whose answers were accepted: the executor takes the first answer to each call.
   */
  async sendToolResults(body: string, scope: ExecutionScope): Promise<string[]> {
    return this.#sendWithRetries(scope, async (attemptNumber) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/tool-results`, body, attemptNumber } as const
      const response = await this.#http.text(request, scope)
      return parseResponse(toolResultsResponseSchema, response, 'response to tool results').accepted
    })
  }

  /**
   * Sends `POST /v1/executions` for a detached execution, or adds a step to a durable session. Resolves when it has been stored.
   * The executor decides by the id whether an attempt is a repeat, so each attempt may be sent to another node.
   */
  submit(body: string, scope: ExecutionScope): Promise<AcceptedExecution> {
    return withRetries(this.#retryScope(scope), async (attemptNumber) => {
      const idempotency = { [headers.idempotencyKey]: scope.executionId }
      const request = {
        method: 'POST',
        path: creationPathOf(scope),
        headers: idempotency,
        body,
        attemptNumber,
      } as const
      return parseResponse(acceptedExecutionSchema, await this.#http.text(request, scope), 'response to a submission')
    })
  }

  /** Sends `POST /v1/executions/:id/retry` with a body that has the id of the new execution. */
  retry(body: string, scope: ExecutionScope): Promise<AcceptedExecution> {
    return withRetries(this.#retryScope(scope), async (attemptNumber) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/retry`, body, attemptNumber } as const
      return parseResponse(acceptedExecutionSchema, await this.#http.text(request, scope), 'response to a retry')
    })
  }

  /** Sends `GET /v1/executions` with the given query. */
  list(query: URLSearchParams, scope: RequestScope): Promise<ExecutionList> {
    return withRetries(this.#retryScope(scope), async (attemptNumber) => {
      const request = { method: 'GET', path: `/v1/executions?${query.toString()}`, attemptNumber } as const
      return parseResponse(executionListSchema, await this.#http.text(request, scope), 'list of executions')
    })
  }

  /** Sends `GET /v1/executions/:id/journal`. Resolves with the names of the execution's tools, and its context. */
  async header(scope: ExecutionScope): Promise<{ readonly tools: readonly string[]; readonly context: JsonObject }> {
    return this.#sendWithRetries(scope, async (attemptNumber) => {
      const request = { method: 'GET', path: `${pathOf(scope)}/journal`, attemptNumber } as const
      const { header } = parseResponse(headerSchema, await this.#http.text(request, scope), 'journal')
      const context = JSON.parse(header.context) as JsonObject
      return { tools: header.tools.map(({ name }) => name), context }
    })
  }

  /** Sends `GET /v1/approvals` with the given query. */
  listApprovals(query: URLSearchParams, scope: RequestScope): Promise<ApprovalList> {
    return withRetries(this.#retryScope(scope), async (attemptNumber) => {
      const request = { method: 'GET', path: `/v1/approvals?${query.toString()}`, attemptNumber } as const
      return parseResponse(approvalListSchema, await this.#http.text(request, scope), 'list of approvals')
    })
  }

  /** Sends `POST /v1/executions/:id/approvals/:callId` with the text of a `DecisionRequest`; a repeat has the same outcome. */
  decide(callId: string, body: string, scope: ExecutionScope): Promise<Approval> {
    return this.#sendWithRetries(scope, async (attemptNumber) => {
      const path = `${pathOf(scope)}/approvals/${encodeURIComponent(callId)}`
      const response = await this.#http.text({ method: 'POST', path, body, attemptNumber }, scope)
      return parseResponse(approvalSchema, response, 'response to a decision')
    })
  }

  /** Sends `PUT /v1/executions/:id/callback` with the text of a `Callback`. */
  async setCallback(body: string, scope: ExecutionScope): Promise<void> {
    await this.#sendWithRetries(scope, async (attemptNumber) => {
      const request = { method: 'PUT', path: `${pathOf(scope)}/callback`, body, attemptNumber } as const
      parseResponse(anyObject, await this.#http.text(request, scope), 'response to a new callback')
    })
  }

  #sendWithRetries<T>(scope: ExecutionScope, makeAttempt: (attemptNumber: number) => Promise<T>): Promise<T> {
    return withRetries({ ...this.#retryScope(scope), canGoElsewhere: false }, makeAttempt)
  }

  /**
   * Sends the requests that create an execution. The execution id is the idempotency key, so a repeat attaches to the
   * execution that an earlier attempt started.
   */
  #sendCreation<T>(scope: ExecutionScope, send: (creation: Creation) => Promise<T>): Promise<T> {
    let attemptNumber = 1
    const atMostOnce = new AtMostOnce({ reading: () => this.#reading(scope, attemptNumber) })
    return withRetries(this.#retryScope(scope), (number) => {
      attemptNumber = number
      return atMostOnce.sendOnce((known) => {
        const creationHeaders = { [headers.idempotencyKey]: scope.executionId, [headers.known]: known }
        return send({
          method: 'POST',
          path: creationPathOf(scope),
          headers: creationHeaders,
          attemptNumber,
          onBegun: scope.onAccepted,
        })
      })
    })
  }

  #retryScope(scope: RequestScope & Partial<Omit<ExecutionScope, keyof RequestScope>>) {
    const { executionId, correlationId, onRetry, ...rest } = scope
    const ids = { executionId: executionId ?? '', correlationId }
    return {
      policy: this.policy,
      hasBeenReached: () => this.#http.hasBeenReached,
      ...rest,
      correlationId,
      ...(onRetry && { onRetry: (attempt: Omit<Retry, keyof typeof ids>) => onRetry({ ...ids, ...attempt }) }),
    }
  }

  /** Returns the latest reading of the executor's clock. Without one, requests `/v1/info` first, which runs no code. */
  async #reading(scope: ExecutionScope, attemptNumber: number): Promise<InstanceReading | undefined> {
    if (this.#http.latestReading === undefined) {
      try {
        const response = await this.#http.text({ method: 'GET', path: '/v1/info', attemptNumber }, scope)
        parseResponse(anyObject, response, 'response to /v1/info')
      } catch (error) {
        throw error instanceof ExecutorClientError ? Object.assign(error, { ambiguous: false }) : error
      }
    }
    return this.#http.latestReading
  }
}

/** Scope of a stream of events. */
export interface EventsScope extends ExecutionScope {
  /** Whether the reader serves the tool calls of the execution. */
  readonly servesCalls?: boolean | undefined
}

/** Rejects with the error of a stream. While another client serves the calls, the reader watches instead of retrying. */
function asFinalIfServed(error: unknown): never {
  const isServed = error instanceof ExecutorClientError && error.code === 'EXECUTION_SERVED'
  throw isServed ? Object.assign(error, { retryable: false }) : error
}

/** Request that creates an execution, without its body. */
interface Creation {
  readonly method: 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly attemptNumber: number
  readonly onBegun: (() => void) | undefined
}

/** Returns the path of the request that creates an execution, which may be a step of a session. */
function creationPathOf({ sessionId }: ExecutionScope): string {
  return sessionId === undefined ? '/v1/executions' : `/v1/sessions/${encodeURIComponent(sessionId)}/steps`
}

const pathOf = ({ executionId }: ExecutionScope): string => `/v1/executions/${encodeURIComponent(executionId)}`
