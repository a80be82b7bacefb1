import {
  newCorrelationId,
  newExecutionId,
  type AcceptedExecution,
  type Approval,
  type ExecutionSummary,
} from '@codemode/shared'

import { answerToolCall, executionIdOfCall, type DeferredToolAnswer } from '../approvals/answer-tool-call.ts'
import { decide, type ApprovalToDecide } from '../approvals/decide.ts'
import type { ApprovalDecision } from '../approvals/decision.ts'
import { listAllApprovals, type ListApprovalsOptions } from '../approvals/list-approvals.ts'

import type { ControlOptions, Executor, SubmissionOptions } from '../executor.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import type { ClientTools } from '../tools/client-tools.ts'
import { detachedLifetimes as lifetimes } from '../tools/shared-tool-server.ts'
import { parseCallOptions, resumeOptionsSchema } from './call-options.ts'
import { DetachedExecution } from './detached-execution.ts'
import { DetachedState } from './detached-state.ts'
import type { Execution } from './execution.ts'
import type { ExecutionResult } from './execution-result.ts'
import { aboutKey, checkExecutionId, type ExecutionName } from './execution-id.ts'
import { requirePart } from './executor-parts.ts'
import { listAll, type ListOptions } from './list-executions.ts'
import { planExecution, type CheckedOptions } from './plan.ts'
import type { ExecutionResumeOptions } from './resume.ts'
import type { DetachedOptions } from './submit-options.ts'
import { resumeWithTools, withOwnerRule } from './resume.ts'
import { openUse } from './until-closed.ts'
import { delayOf, withWaitTimeout } from './wait-timeout.ts'
import type { View } from './view.ts'

interface DetachedExecutionsOptions {
  readonly executor: Executor
  readonly tools: ClientTools
  readonly events: ClientEmitter
  readonly requestTimeoutMs: number | undefined
  readonly correlationIdPrefix: string | undefined
  readonly toolTimeoutMs: number | undefined
  /** Called to check that the client is open; throws CLIENT_CLOSED if it is closed. */
  assertOpen(this: void): void
}

interface FoundExecution extends AcceptedExecution {
  readonly label?: string | undefined
  readonly servedBy?: 'callback' | 'resume' | undefined
}

/** Detached executions of a client: submits, finds and lists them. The client keeps none of them. */
export class DetachedExecutions {
  readonly #options: DetachedExecutionsOptions
  readonly #closing = new AbortController()

  constructor(options: DetachedExecutionsOptions) {
    this.#options = options
  }

  /** Stores an execution of the code. Resolves when the executor has stored it. */
  async submit(
    code: string,
    checked: CheckedOptions,
    { id, idempotencyKey, expiresAfterMs, servedBy, view }: DetachedOptions & { readonly view: View },
  ): Promise<Execution> {
    const { executor, tools, assertOpen } = this.#options
    const { request: planned, correlationId, signal } = planExecution(code, checked, id)
    // The approvals of a detached execution are stored: this client may be gone when one is needed.
    const { approvals: _, ...request } = planned
    const { detached } = requirePart(executor, 'detached')
    const names = request.tools?.map(({ name }) => name) ?? []
    const callback = names.length > 0 &&
      servedBy === 'callback' && {
        callback: await tools.detachedCallbackFor(request.id, names, {
          use: 'submit',
          registry: view.registry,
          lifetimeMs: expiresAfterMs ?? lifetimes.defaultMs,
        }),
      }
    const life = expiresAfterMs !== undefined && { expiresAfterMs }
    assertOpen()
    const accepted = await this.#request({ executionId: request.id, correlationId }, signal, (options) =>
      detached.submit({ ...request, detached: true, ...life, ...callback }, options),
    ).catch((error: unknown) => {
      throw aboutKey(error, { idempotencyKey })
    })
    const callsTools = names.length > 0
    return this.#follower({ ...accepted, label: request.label, ...(callsTools && { servedBy }) }).execution
  }

  /** Reads the record of an execution. Resolves with its handle. */
  async find(name: ExecutionName): Promise<Execution> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    const executionId = checkExecutionId(name)
    const ids = { executionId, correlationId: this.#newCorrelationId() }
    const record = await this.#request(ids, undefined, (options) =>
      requirePart(executor, 'record').record(executionId, options),
    ).catch((error: unknown) => {
      throw aboutKey(error, name)
    })
    const found = this.#follower(record)
    found.state.observe(record)
    return found.execution
  }

  /** Yields the executions of all pages, newest first; a page is read when its first execution is needed. */
  list(options: ListOptions): AsyncIterable<ExecutionSummary> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    const { detached } = requirePart(executor, 'detached')
    const ids = { executionId: undefined, correlationId: this.#newCorrelationId() }
    return listAll(options, (query) => this.#request(ids, undefined, (request) => detached.list(query, request)))
  }

  /** Serves the tool calls of an execution with the tools of a view, and waits for its end. */
  async resume(name: ExecutionName, given: ExecutionResumeOptions, view: View): Promise<ExecutionResult> {
    const { assertOpen, ...parts } = this.#options
    assertOpen()
    const executionId = checkExecutionId(name, 'codemode.resume')
    const { signal, timeoutMs } = parseCallOptions(resumeOptionsSchema, given, {
      method: 'resume()',
      correctCall: 'codemode.resume(executionId, { timeoutMs: 60_000, signal })',
    })
    await parts.tools.load()
    const ids = { executionId, correlationId: this.#newCorrelationId() }
    const state = new DetachedState('running')
    const serve = (options: ControlOptions) =>
      resumeWithTools(executionId, { ...parts, registry: view.registry, state }, options)
    try {
      return await withWaitTimeout(
        ids,
        timeoutMs,
        (gaveUp) => this.#request(ids, gaveUp, serve, signal),
        () => delayOf(executionId, state.status),
      )
    } catch (error) {
      throw aboutKey(withOwnerRule(error), name)
    }
  }

  /** Answers a tool call of any execution. */
  answerToolCall(callId: string, answer: DeferredToolAnswer): Promise<void> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    const ids = { executionId: executionIdOfCall(callId), correlationId: this.#newCorrelationId() }
    return this.#request(ids, undefined, (options) => answerToolCall(executor, callId, { ...options, answer }))
  }

  /** Yields the approvals of all pages, by default the oldest first; a page is read when its first approval is needed. */
  listApprovals(options: ListApprovalsOptions): AsyncIterable<Approval> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    const { detached } = requirePart(executor, 'detached')
    const ids = { executionId: options?.executionId, correlationId: this.#newCorrelationId() }
    return listAllApprovals(options, (query) =>
      this.#request(ids, undefined, (request) => detached.listApprovals(query, request)),
    )
  }

  /** Decides about a tool call that waits for an approval. */
  decide(approval: ApprovalToDecide, decision: ApprovalDecision): Promise<Approval> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    const { detached } = requirePart(executor, 'detached')
    const ids = { executionId: approval?.executionId, correlationId: this.#newCorrelationId() }
    return this.#request(ids, undefined, (options) => decide(detached, approval, { ...options, decision }))
  }

  /** Replaces the callback of an execution by one of this client's tool server. */
  async setCallback(executionId: string): Promise<void> {
    const { executor, tools, assertOpen } = this.#options
    assertOpen()
    await tools.load()
    const { detached } = requirePart(executor, 'detached')
    const ids = { executionId, correlationId: this.#newCorrelationId() }
    await this.#request(ids, undefined, (options) =>
      detached.setCallback(executionId, {
        ...options,
        // The execution may live for as long as the longest life, which its record does not have.
        callbackFor: (names) =>
          tools.detachedCallbackFor(executionId, names, { use: 'setCallback', lifetimeMs: lifetimes.maxMs }),
      }),
    )
  }

  /** Ends the requests and streams that are open. Cancels no execution. */
  close(reason: unknown): void {
    this.#closing.abort(reason)
  }

  async #retry(executionId: string, label: string | undefined): Promise<Execution> {
    const { executor, tools, assertOpen } = this.#options
    assertOpen()
    await tools.load()
    const { detached } = requirePart(executor, 'detached')
    const id = newExecutionId()
    const ids = { executionId: id, correlationId: this.#newCorrelationId() }
    const accepted = await this.#request(ids, undefined, (options) =>
      detached.retry(executionId, {
        ...options,
        id,
        // The new execution has the life of the first one, which its record does not have.
        callbackFor: (names) => tools.detachedCallbackFor(id, names, { use: 'retry', lifetimeMs: lifetimes.maxMs }),
      }),
    )
    return this.#follower({ ...accepted, label }).execution
  }

  #follower({ executionId, correlationId, status, label, servedBy }: FoundExecution): DetachedExecution {
    const { executor, assertOpen } = this.#options
    return new DetachedExecution({
      executionId,
      correlationId,
      label,
      status,
      servedBy,
      executor,
      closing: this.#closing.signal,
      assertOpen,
      retry: () => this.#retry(executionId, label),
      approvals: (options) => this.listApprovals({ ...options, executionId }),
      setCallback: () => this.setCallback(executionId),
    })
  }

  #newCorrelationId(): string {
    return newCorrelationId(this.#options.correlationIdPrefix)
  }

  /** Sends a request that ends when the client closes. */
  async #request<Result>(
    ids: { executionId: string | undefined; correlationId: string },
    signal: AbortSignal | undefined,
    send: (options: SubmissionOptions) => Promise<Result>,
    other?: AbortSignal,
  ): Promise<Result> {
    const { events, requestTimeoutMs } = this.#options
    const { correlationId } = ids
    const use = openUse(this.#closing.signal, ids, signal, other)
    try {
      const onRetry = (retry: Parameters<typeof events.emit<'retry'>>[1]): void => events.emit('retry', retry)
      return await send({ correlationId, requestTimeoutMs, signal: use.signal, onRetry })
    } catch (error) {
      throw use.errorOf(error)
    } finally {
      use.end()
    }
  }
}
