import type { AcceptedExecution, ExecutionList, ExecutionRequest } from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ControlOptions, DetachedExecutor, ListQuery, RetryOptions, SubmissionOptions } from '../executor.ts'
import { withJsonValues } from '../run/request-json.ts'
import type { ExecutionsApi } from './executions-api.ts'
import { withinTime, type TimeOptions } from './within-time.ts'

/** Detached executions of an executor over HTTP. */
export class DetachedClient implements DetachedExecutor {
  readonly #api: ExecutionsApi
  readonly #closing: AbortSignal

  constructor(api: ExecutionsApi, closing: AbortSignal) {
    this.#api = api
    this.#closing = closing
  }

  /** Stores an execution. A request that failed with an unknown outcome is sent again with the same id. */
  async submit(
    request: ExecutionRequest & { readonly id: string },
    options: SubmissionOptions,
  ): Promise<AcceptedExecution> {
    const body = JSON.stringify(withJsonValues(request))
    try {
      return await withinTime(request.id, this.#limited(options), (scope) =>
        this.#api.submit(body, { ...scope, ...attemptOptions(options) }),
      )
    } catch (error) {
      throw error instanceof ExecutorClientError && error.ambiguous ? unknownWhetherStored(error, request.id) : error
    }
  }

  /** Returns a page of the executions of the API key's tenant in the store. */
  list(query: ListQuery, options: ControlOptions = {}): Promise<ExecutionList> {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
    return withinTime(undefined, this.#limited(options), (scope) => this.#api.list(parameters, scope))
  }

  /** Runs an execution again under a new id, with a new callback if it has tools. */
  retry(executionId: string, options: RetryOptions): Promise<AcceptedExecution> {
    const { id, callbackFor } = options
    return withinTime(executionId, this.#limited(options), async (scope) => {
      const tools = await this.#api.declaredTools(scope)
      const callback = tools.length > 0 ? await callbackFor(tools) : undefined
      return this.#api.retry(JSON.stringify({ id, callback }), { ...scope, ...attemptOptions(options) })
    })
  }

  #limited({ correlationId, signal, requestTimeoutMs }: SubmissionOptions): TimeOptions {
    return { correlationId, signals: [signal, this.#closing], timeoutMs: requestTimeoutMs }
  }
}

function attemptOptions({ canGoElsewhere, onRetry }: SubmissionOptions) {
  return { canGoElsewhere, onRetry }
}

/** Adds the way to find out what has become of a submission whose outcome is unknown. */
function unknownWhetherStored(error: ExecutorClientError, id: string): ExecutorClientError {
  const suggestion = `Submit again with the option id: '${id}'. An execution that was stored is not stored twice.`
  return Object.assign(error, { suggestion })
}
