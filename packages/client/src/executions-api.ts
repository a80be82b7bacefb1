/** The executor's routes, one method each: what is sent, how often, and what the answer is read as. */
import type { Readable } from 'node:stream'

import {
  executionRecordSchema,
  executionResultSchema,
  headers,
  textHead,
  toolResultsResponseSchema,
  type ExecutionRecord,
  type ExecutionResult,
} from '@codemode/shared'
import { z } from 'zod'

import type { Retry } from './executor.ts'
import type { HttpClient, RequestScope } from './http/http-client.ts'
import { parseAnswer } from './http/malformed.ts'
import type { RetryPolicy } from './http/retry-policy.ts'
import { withRetries, type Attempt } from './http/with-retries.ts'

/** The least that any answer of an executor is; a login page, for example, is not. */
export const anyObject = z.looseObject({})

/** The scope of a request about one execution. */
export interface ExecutionScope extends RequestScope {
  readonly executionId: string
  /** Whether somebody else takes the execution if it is refused. */
  readonly canGoElsewhere?: boolean | undefined
  /** Is told of each failed request before it is sent again. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

/** Attempts to ask for an execution of which another request has just failed for the last time. */
const maxQuestions = 3

export class ExecutionsApi {
  readonly policy: RetryPolicy
  readonly #http: HttpClient

  constructor(http: HttpClient, policy: RetryPolicy) {
    this.#http = http
    this.policy = policy
  }

  /** Returns the policy for asking after so many failed attempts: its delays go on where theirs ended. */
  questionPolicy(attempts: number): RetryPolicy {
    const { maxAttempts, backoffBaseMs } = this.policy
    return {
      ...this.policy,
      maxAttempts: Math.min(maxAttempts, maxQuestions),
      backoffBaseMs: backoffBaseMs * 2 ** Math.min(attempts, 16),
    }
  }

  /** `POST /v1/executions`, answered when the execution has ended. Every attempt sends the same bytes. */
  async run(body: string, scope: ExecutionScope): Promise<ExecutionResult> {
    return this.#created(scope, async (attempt) =>
      parseAnswer(executionResultSchema, await this.#http.text(creation(body, scope, attempt), scope), 'result'),
    )
  }

  /** `POST /v1/executions`, answered by the events of the execution as soon as it is admitted. */
  open(body: string, scope: ExecutionScope): Promise<Readable> {
    return this.#created(scope, (attempt) => this.#http.stream(creation(body, scope, attempt), scope))
  }

  /** `GET /v1/executions/:id/events`, from after the given event. */
  events(lastEventId: string | undefined, scope: ExecutionScope): Promise<Readable> {
    return this.#retried(scope, (attempt) => {
      const resume = lastEventId === undefined ? {} : { [headers.lastEventId]: lastEventId }
      return this.#http.stream(
        { method: 'GET', path: `${pathOf(scope)}/events`, headers: resume, attempt: attempt.number },
        scope,
      )
    })
  }

  /** `GET /v1/executions/:id`, with retries as the given policy says. */
  async record(scope: ExecutionScope, policy: RetryPolicy = this.policy): Promise<ExecutionRecord> {
    return withRetries({ ...scope, policy, canGoElsewhere: false }, async (attempt) => {
      const request = { method: 'GET', path: pathOf(scope), attempt: attempt.number } as const
      return parseAnswer(executionRecordSchema, await this.#http.text(request, scope), 'record')
    })
  }

  /** `POST /v1/executions/:id/cancel`. */
  async cancel(reason: string | undefined, scope: ExecutionScope): Promise<void> {
    const body = JSON.stringify({ reason: reason && textHead(reason, 1_000) })
    await this.#retried(scope, async ({ number: attempt }) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/cancel`, body, attempt } as const
      parseAnswer(anyObject, await this.#http.text(request, scope), 'answer to a cancellation')
    })
  }

  /**
   * `POST /v1/executions/:id/tool-results` with the text of a `ToolResultsRequest`; the call ids that were accepted. The
   * first answer to a call wins.
   */
  async sendToolResults(body: string, scope: ExecutionScope): Promise<string[]> {
    return this.#retried(scope, async ({ number: attempt }) => {
      const request = { method: 'POST', path: `${pathOf(scope)}/tool-results`, body, attempt } as const
      const answer = await this.#http.text(request, scope)
      return parseAnswer(toolResultsResponseSchema, answer, 'answer to tool results').accepted
    })
  }

  #retried<T>(scope: ExecutionScope, attempt: (attempt: Attempt) => Promise<T>): Promise<T> {
    return withRetries({ policy: this.policy, ...scope, canGoElsewhere: false }, attempt)
  }

  #created<T>(scope: ExecutionScope, attempt: (attempt: Attempt) => Promise<T>): Promise<T> {
    return withRetries({ policy: this.policy, ...scope }, attempt)
  }
}

const pathOf = ({ executionId }: ExecutionScope): string => `/v1/executions/${encodeURIComponent(executionId)}`

/**
 * The execution id is the idempotency key: a repeat attaches to the execution that an earlier attempt began. An executor
 * that was restarted since does not know that one, and tells by the age of the request that it can't.
 */
function creation(body: string, { executionId }: ExecutionScope, { number: attempt, firstSentAt }: Attempt) {
  const idempotency = { [headers.idempotencyKey]: executionId }
  return { method: 'POST', path: '/v1/executions', headers: idempotency, body, attempt, firstSentAt } as const
}
