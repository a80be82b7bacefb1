import {
  newCorrelationId,
  type AcceptedExecution,
  type Approval,
  type ApprovalList,
  type DecisionRequest,
  type ExecutionList,
  type ExecutionRequest,
  type ToolResultsRequest,
} from '@codemode/shared'

import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type {
  ApprovalListQuery,
  ControlOptions,
  DetachedExecutor,
  ListQuery,
  ResumeOptions,
  RetryOptions,
  SetCallbackOptions,
  SubmissionOptions,
} from '../executor.ts'
import { forwardAbort } from '../async/forward-abort.ts'
import { withJsonValues } from '../run/request-json.ts'
import { resultFromWire, type ExecutionResult } from '../run/execution-result.ts'
import type { CallRecord } from '../tools/call-record.ts'
import type { ExecutionsApi } from './executions-api.ts'
import { resumeExecution } from './resume-execution.ts'
import { requestAborted } from '../errors/cancelled-error.ts'
import { withinTime, type TimeOptions } from './within-time.ts'

/** Detached executions of an executor over HTTP. */
export class DetachedClient implements DetachedExecutor {
  readonly #api: ExecutionsApi
  readonly #closing: AbortSignal
  readonly #record: CallRecord

  constructor(api: ExecutionsApi, closing: AbortSignal, record: CallRecord) {
    this.#api = api
    this.#record = record
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
    return withinTime(undefined, this.#limited(options), (scope) => this.#api.list(parametersOf(query), scope))
  }

  /** Runs an execution again under a new id, with a new callback if it has tools. */
  retry(executionId: string, options: RetryOptions): Promise<AcceptedExecution> {
    const { id, callbackFor } = options
    return withinTime(executionId, this.#limited(options), async (scope) => {
      const { tools } = await this.#api.header(scope)
      const callback = tools.length > 0 ? await callbackFor(tools) : undefined
      return this.#api.retry(JSON.stringify({ id, callback }), { ...scope, ...attemptOptions(options) })
    })
  }

  /** Serves the tool calls of an execution, and follows it to its end. */
  async resume(executionId: string, options: ResumeOptions): Promise<ExecutionResult> {
    const { correlationId = newCorrelationId(), signal } = options
    const ids = { executionId, correlationId }
    const controller = new AbortController()
    const stops = [signal, this.#closing].map((each) =>
      forwardAbort(each, controller, (reason) => requestAborted(reason, ids)),
    )
    const scope = { ...ids, signal: controller.signal, deadlineAt: Infinity }
    try {
      scope.signal.throwIfAborted()
      return resultFromWire(await resumeExecution({ scope, options, record: this.#record }, this.#api))
    } finally {
      for (const stop of stops) stop()
    }
  }

  /** Sends responses to tool calls. Resolves with the ids of those that were accepted. */
  sendToolResults(
    executionId: string,
    request: ToolResultsRequest,
    options: ControlOptions = {},
  ): Promise<readonly string[]> {
    const body = JSON.stringify(request)
    return withinTime(executionId, this.#limited(options), (scope) => this.#api.sendToolResults(body, scope))
  }

  /** Replaces the callback of an execution. */
  setCallback(executionId: string, options: SetCallbackOptions): Promise<void> {
    return withinTime(executionId, this.#limited(options), async (scope) => {
      const { tools } = await this.#api.header(scope)
      await this.#api.setCallback(JSON.stringify(await options.callbackFor(tools)), scope)
    })
  }

  /** Returns a page of the approvals. */
  listApprovals(query: ApprovalListQuery, options: ControlOptions = {}): Promise<ApprovalList> {
    return withinTime(undefined, this.#limited(options), (scope) => this.#api.listApprovals(parametersOf(query), scope))
  }

  /** Decides about a tool call that waits for an approval. */
  decide(
    { executionId, callId }: Pick<Approval, 'executionId' | 'callId'>,
    request: DecisionRequest,
    options: ControlOptions = {},
  ): Promise<Approval> {
    const body = JSON.stringify(request)
    return withinTime(executionId, this.#limited(options), (scope) => this.#api.decide(callId, body, scope))
  }

  #limited({ correlationId, signal, requestTimeoutMs }: SubmissionOptions): TimeOptions {
    return { correlationId, signals: [signal, this.#closing], timeoutMs: requestTimeoutMs }
  }
}

/** Returns the query of a list, without the filters that are not set. */
function parametersOf(query: ListQuery | ApprovalListQuery): URLSearchParams {
  const set = Object.entries(query).filter(([, value]) => value !== undefined)
  return new URLSearchParams(set.map(([name, value]) => [name, String(value)]))
}

function attemptOptions({ canGoElsewhere, onRetry }: SubmissionOptions) {
  return { canGoElsewhere, onRetry }
}

/** Adds the way to find out what has become of a submission whose outcome is unknown. */
function unknownWhetherStored(error: ExecutorClientError, id: string): ExecutorClientError {
  const suggestion = `Submit again with the option id: '${id}'. An execution that was stored is not stored twice.`
  return Object.assign(error, { suggestion })
}
