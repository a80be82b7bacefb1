/** Routes of the executor, one method each: the request, its retries, and the schema of its response. */
import type { Readable } from 'node:stream'

import {
  executionRecordSchema,
  executionResultSchema,
  headers,
  toolResultsResponseSchema,
  type ExecutionRecord,
  type ExecutionResult,
  type InstanceReading,
} from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'
import { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { Retry } from '../executor.ts'
import { AtMostOnce } from '../http/at-most-once.ts'
import type { HttpClient, RequestScope } from '../http/http-client.ts'
import { parseAnswer } from '../http/malformed.ts'
import type { RetryPolicy } from '../http/retry-policy.ts'
import { withRetries } from '../http/with-retries.ts'

/** Schema that every response of an executor matches, but not, for example, a login page of a proxy. */
export const anyObject = z.looseObject({})

/** Scope of a request about one execution. */
export interface ExecutionScope extends RequestScope {
  readonly executionId: string
  /** Whether another executor runs the execution if this one refuses it. */
  readonly canGoElsewhere?: boolean | undefined
  /** Called with each failed request before it is sent again. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

/** Maximum number of attempts to read an execution's record after the last attempt of another request has failed. */
const maxQuestions = 3

export class ExecutionsApi {
  readonly policy: RetryPolicy
  readonly #http: HttpClient

  constructor(http: HttpClient, policy: RetryPolicy) {
    this.#http = http
    this.policy = policy
  }

  /**
   * Returns the policy for reading a record after failed attempts; its delays continue the backoff of those attempts.
   */
  questionPolicy(attempts: number): RetryPolicy {
    const { maxAttempts, backoffBaseMs } = this.policy
    return {
      ...this.policy,
      maxAttempts: Math.min(maxAttempts, maxQuestions),
      backoffBaseMs: backoffBaseMs * 2 ** Math.min(attempts, 16),
    }
  }

  /** Sends `POST /v1/executions`. Resolves when the execution has ended. Every attempt sends the same body. */
  async run(body: string, scope: ExecutionScope): Promise<ExecutionResult> {
    return this.#created(scope, async (creation) =>
      parseAnswer(executionResultSchema, await this.#http.text({ ...creation, body }, scope), 'result'),
    )
  }

  /** Sends `POST /v1/executions`. Resolves with the stream of events when the executor has accepted the execution. */
  open(body: string, scope: ExecutionScope): Promise<Readable> {
    return this.#created(scope, (creation) => this.#http.stream({ ...creation, body }, scope))
  }

  /** Sends `GET /v1/executions/:id/events`. Resolves with the stream of events after the given one. */
  events(lastEventId: string | undefined, scope: ExecutionScope): Promise<Readable> {
    return this.#retried(scope, (attempt) => {
      const resume = lastEventId === undefined ? {} : { [headers.lastEventId]: lastEventId }
      return this.#http.stream({ method: 'GET', path: `${pathOf(scope)}/events`, headers: resume, attempt }, scope)
    })
  }

  /** Sends `GET /v1/executions/:id`, with retries by the given policy. */
  async record(scope: ExecutionScope, policy: RetryPolicy = this.policy): Promise<ExecutionRecord> {
    return withRetries({ ...this.#retrying(scope), policy, canGoElsewhere: false }, async (attempt) => {
      const request = { method: 'GET', path: pathOf(scope), attempt } as const
      return parseAnswer(executionRecordSchema, await this.#http.text(request, scope), 'record')
    })
  }

  /** Sends `POST /v1/executions/:id/cancel`. */
  async cancel(reason: string | undefined, scope: ExecutionScope): Promise<void> {
    const body = JSON.stringify({ reason: reason && textHead(reason, 1_000) })
    await this.#retried(scope, async (attempt) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/cancel`, body, attempt } as const
      parseAnswer(anyObject, await this.#http.text(request, scope), 'answer to a cancellation')
    })
  }

  /**
   * Sends `POST /v1/executions/:id/tool-results` with the text of a `ToolResultsRequest`. Resolves with the call ids
   * whose answers were accepted: the executor takes the first answer to each call.
   */
  async sendToolResults(body: string, scope: ExecutionScope): Promise<string[]> {
    return this.#retried(scope, async (attempt) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/tool-results`, body, attempt } as const
      const answer = await this.#http.text(request, scope)
      return parseAnswer(toolResultsResponseSchema, answer, 'answer to tool results').accepted
    })
  }

  #retried<T>(scope: ExecutionScope, attempt: (number: number) => Promise<T>): Promise<T> {
    return withRetries({ ...this.#retrying(scope), canGoElsewhere: false }, attempt)
  }

  /**
   * Sends the requests that create an execution. The execution id is the idempotency key, so a repeat attaches to the
   * execution that an earlier attempt started.
   */
  #created<T>(scope: ExecutionScope, send: (creation: Creation) => Promise<T>): Promise<T> {
    let attempt = 1
    const once = new AtMostOnce({ reading: () => this.#reading(scope, attempt) })
    return withRetries(this.#retrying(scope), (number) => {
      attempt = number
      return once.attempt((known) => {
        const given = { [headers.idempotencyKey]: scope.executionId, [headers.known]: known }
        return send({ method: 'POST', path: '/v1/executions', headers: given, attempt })
      })
    })
  }

  #retrying(scope: ExecutionScope) {
    return { policy: this.policy, hasReached: () => this.#http.hasReached, ...scope }
  }

  /** Returns the latest reading of the executor's clock. Without one, requests `/v1/info` first, which runs no code. */
  async #reading(scope: ExecutionScope, attempt: number): Promise<InstanceReading | undefined> {
    if (this.#http.latestReading === undefined) {
      try {
        const answer = await this.#http.text({ method: 'GET', path: '/v1/info', attempt }, scope)
        parseAnswer(anyObject, answer, 'answer to /v1/info')
      } catch (error) {
        throw error instanceof ExecutorClientError ? Object.assign(error, { ambiguous: false }) : error
      }
    }
    return this.#http.latestReading
  }
}

/** Request that creates an execution, without its body. */
interface Creation {
  readonly method: 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly attempt: number
}

const pathOf = ({ executionId }: ExecutionScope): string => `/v1/executions/${encodeURIComponent(executionId)}`
