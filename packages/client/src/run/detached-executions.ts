import { newCorrelationId, newExecutionId, type AcceptedExecution, type ExecutionSummary } from '@codemode/shared'

import type { Executor, SubmissionOptions } from '../executor.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import type { ClientTools } from '../tools/client-tools.ts'
import { DetachedExecution } from './detached-execution.ts'
import type { Execution } from './execution.ts'
import { checkExecutionId, type ExecutionName } from './execution-id.ts'
import { requirePart } from './executor-parts.ts'
import { listAll, type ListOptions } from './list-executions.ts'
import { planExecution, type CheckedOptions } from './plan.ts'
import type { DetachedOptions } from './submit-options.ts'
import { openUse } from './until-closed.ts'
import type { View } from './view.ts'

/** Life of a detached execution that sets none, and the longest one, in milliseconds: 7 and 30 days. */
const lifetimes = { defaultMs: 7 * 86_400_000, maxMs: 30 * 86_400_000 }

interface DetachedExecutionsOptions {
  readonly executor: Executor
  readonly tools: ClientTools
  readonly events: ClientEmitter
  readonly requestTimeoutMs: number | undefined
  readonly correlationIdPrefix: string | undefined
  /** Called to check that the client is open; throws CLIENT_CLOSED if it is closed. */
  assertOpen(this: void): void
}

interface FoundExecution extends AcceptedExecution {
  readonly label?: string | undefined
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
    { id, expiresAfterMs, view }: DetachedOptions & { readonly view: View },
  ): Promise<Execution> {
    const { executor, tools, assertOpen } = this.#options
    const { request, correlationId, signal } = planExecution(code, checked, id)
    const { detached } = requirePart(executor, 'detached')
    const names = request.tools?.map(({ name }) => name) ?? []
    const callback = names.length > 0 && {
      callback: await tools.detachedCallbackFor(request.id, names, {
        registry: view.registry,
        lifetimeMs: expiresAfterMs ?? lifetimes.defaultMs,
      }),
    }
    const life = expiresAfterMs !== undefined && { expiresAfterMs }
    assertOpen()
    const accepted = await this.#request({ executionId: request.id, correlationId }, signal, (options) =>
      detached.submit({ ...request, detached: true, ...life, ...callback }, options),
    )
    return this.#follower({ ...accepted, label: request.label }).execution
  }

  /** Reads the record of an execution. Resolves with its handle. */
  async find(name: ExecutionName): Promise<Execution> {
    const { executor, assertOpen } = this.#options
    assertOpen()
    const executionId = checkExecutionId(name)
    const ids = { executionId, correlationId: this.#newCorrelationId() }
    const record = await this.#request(ids, undefined, (options) =>
      requirePart(executor, 'record').record(executionId, options),
    )
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
        callbackFor: (names) => tools.detachedCallbackFor(id, names, { lifetimeMs: lifetimes.maxMs }),
      }),
    )
    return this.#follower({ ...accepted, label }).execution
  }

  #follower({ executionId, correlationId, status, label }: FoundExecution): DetachedExecution {
    const { executor, assertOpen } = this.#options
    return new DetachedExecution({
      executionId,
      correlationId,
      label,
      status,
      executor,
      closing: this.#closing.signal,
      assertOpen,
      retry: () => this.#retry(executionId, label),
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
  ): Promise<Result> {
    const { events, requestTimeoutMs } = this.#options
    const { correlationId } = ids
    const use = openUse(this.#closing.signal, ids, signal)
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
