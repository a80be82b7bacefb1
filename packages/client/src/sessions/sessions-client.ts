// Routes of sessions, one method each. The executor runs no code for them; steps are executions, which ExecutionsApi creates.
import {
  sessionListSchema,
  sessionRecordSchema,
  type ForkRequest,
  type SessionList,
  type SessionRecord,
  type SessionRequest,
} from '@codemode/shared'
import type { z } from 'zod'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ControlOptions, SessionListQuery, SessionsExecutor } from '../executor.ts'
import type { HttpClient } from '../http/http-client.ts'
import { parseResponse } from '../http/parse-response.ts'
import type { RetryPolicy } from '../http/retry-policy.ts'
import { withRetries } from '../http/with-retries.ts'
import { withinTime } from '../protocol/within-time.ts'
import { asExpired } from './session-errors.ts'

interface SessionRequestParts {
  readonly method: 'DELETE' | 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

/** Sessions of an executor over HTTP. Requests are sent again with the same ids, so that none creates two sessions. */
export class SessionsClient implements SessionsExecutor {
  readonly #http: HttpClient
  readonly #policy: RetryPolicy
  readonly #closing: AbortSignal

  constructor(http: HttpClient, policy: RetryPolicy, closing: AbortSignal) {
    this.#http = http
    this.#policy = policy
    this.#closing = closing
  }

  /** Creates a session, or attaches to the one that the same request has created. */
  create(request: SessionRequest & { readonly id: string }, options?: ControlOptions): Promise<SessionRecord> {
    return this.#send({ method: 'POST', path: '/v1/sessions', body: JSON.stringify(request) }, aRecord, options)
  }

  /** Returns a page of the sessions of the API key's tenant. */
  list(query: SessionListQuery, options?: ControlOptions): Promise<SessionList> {
    const set = Object.entries(query).filter(([, value]) => value !== undefined)
    const search = new URLSearchParams(set.map(([name, value]) => [name, String(value)]))
    return this.#send({ method: 'GET', path: `/v1/sessions?${search.toString()}` }, aList, options)
  }

  /** Reads the record of a session. */
  record(sessionId: string, options?: ControlOptions): Promise<SessionRecord> {
    return this.#send({ method: 'GET', path: pathOf(sessionId) }, aRecord, options)
  }

  /** Ends a session. Has no effect on one that has ended. */
  async end(sessionId: string, options?: ControlOptions): Promise<void> {
    try {
      await this.#send({ method: 'DELETE', path: pathOf(sessionId) }, aRecord, options)
    } catch (error) {
      const { code } = asExpired(error, sessionId) as Partial<ExecutorClientError>
      if (code !== 'SESSION_EXPIRED') throw error
    }
  }

  /** Creates a session with the state of another one. */
  async fork(
    sessionId: string,
    request: ForkRequest & { readonly id: string },
    options?: ControlOptions,
  ): Promise<SessionRecord> {
    const body = JSON.stringify(request)
    try {
      return await this.#send({ method: 'POST', path: `${pathOf(sessionId)}/fork`, body }, aRecord, options)
    } catch (error) {
      // An attempt before the last one has created it, and only its response was lost.
      const isRepeat = error instanceof ExecutorClientError && error.code === 'IDEMPOTENCY_CONFLICT' && error.ambiguous
      if (!isRepeat) throw asExpired(error, sessionId)
      return this.record(request.id, options)
    }
  }

  /** Removes the variables and the steps of a session. */
  async reset(sessionId: string, options?: ControlOptions): Promise<SessionRecord> {
    try {
      return await this.#send({ method: 'POST', path: `${pathOf(sessionId)}/reset` }, aRecord, options)
    } catch (error) {
      throw asExpired(error, sessionId)
    }
  }

  #send<Schema extends z.ZodType>(
    request: SessionRequestParts,
    { schema, name }: { readonly schema: Schema; readonly name: string },
    { correlationId, signal }: ControlOptions = {},
  ): Promise<z.output<Schema>> {
    const time = { correlationId, signals: [signal, this.#closing], timeoutMs: undefined }
    return withinTime(undefined, time, (scope) =>
      withRetries(
        { ...scope, policy: this.#policy, hasBeenReached: () => this.#http.hasBeenReached },
        async (attemptNumber) =>
          parseResponse(schema, await this.#http.text({ ...request, attemptNumber }, scope), name),
      ),
    )
  }
}

const aRecord = { schema: sessionRecordSchema, name: 'record of a session' }
const aList = { schema: sessionListSchema, name: 'list of sessions' }

const pathOf = (sessionId: string): string => `/v1/sessions/${encodeURIComponent(sessionId)}`
