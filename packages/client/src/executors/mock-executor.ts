import type { ExecutionEvent, ExecutionRequest } from '@codemode/shared'
import { z } from 'zod'

import { milliseconds } from '../config/schema.ts'
import { concludeError, ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ExecutionResult } from '../run/execution-result.ts'
import type { ControlOptions, Executor, RunOptions } from '../executor.ts'
import { RunLifetime } from '../protocol/run-lifetime.ts'
import { CancelledById, clientClosed } from '../errors/cancelled-error.ts'
import { withIds } from './with-ids.ts'
import { endOf, isMockResponse, matches, type MockAnswer, type MockResponse, type MockResult } from './mock-answer.ts'
import { MockExecution } from './mock-execution.ts'
import { MockSessions } from './mock-sessions.ts'
import { runTimeoutMs } from './run-timeout.ts'
import { parseWrapperOptions } from './wrapper-options.ts'

/** Run that a mock has received, with its ids. */
export interface MockCall {
  /** Request, with a generated id if it had none. */
  readonly request: ExecutionRequest & { readonly id: string }
  /** Options, with a generated correlation id if they had none. */
  readonly options: RunOptions & { readonly correlationId: string }
}

const correctCall = 'new MockExecutor({ responses: [{ code: /weather/, result: 21 }], defaultResult: null })'

const optionsSchema = z.strictObject({
  /** Answers by code, of which the first that matches is used. */
  responses: z
    .array(z.custom<MockResponse>(isMockResponse, 'must have a code and one of result, error, reject and paused'))
    .readonly()
    .default([]),
  /** Value of all other code, or a function that makes it; null by default. */
  defaultResult: z.custom<MockResult>(() => true).default(null),
  /** Milliseconds until an execution begins; 0 by default. */
  latencyMs: z.union([z.literal(0), milliseconds]).default(0),
})

/** Options of a `MockExecutor`. */
export type MockExecutorOptions = z.input<typeof optionsSchema>

/**
 * Executor for tests, without a server: it runs no code, and answers as configured. Ids, events, tool calls, cancelling
 * and `requestTimeoutMs` behave as with a real one. It works with fake timers.
 *
 * @example
 * import { Codemode, MockExecutor } from '@codemode/client'
 *
 * const executor = new MockExecutor({
 *   responses: [{ code: /forecast/, result: (_request, callTool) => callTool('weather', { city: 'Oslo' }) }],
 * })
 * await using codemode = Codemode.fromClientConfig({ executor, tools: { weather: () => 'sunny' } })
 */
export class MockExecutor implements Executor {
  /** Sessions of the mock: steps run in order, with answers as configured; there are no variables. */
  readonly sessions = new MockSessions()
  readonly #options: z.output<typeof optionsSchema>
  readonly #calls: MockCall[] = []
  readonly #executions = new Map<string, { readonly execution: MockExecution; readonly lifetime: RunLifetime }>()
  readonly #closing = new AbortController()

  /** Throws a ConfigurationError that shows a correct call if the options are invalid. */
  constructor(options: MockExecutorOptions = {}) {
    this.#options = parseWrapperOptions(optionsSchema, options, correctCall)
  }

  /** All runs that the mock has received, in order. */
  get calls(): readonly MockCall[] {
    return this.#calls
  }

  async run(given: ExecutionRequest, givenOptions: RunOptions): Promise<ExecutionResult> {
    const call = withIds(given, givenOptions)
    const { id: executionId } = call.request
    const { correlationId, signal, session } = call.options
    const timeoutMs = runTimeoutMs(call.options)
    const lifetime = new RunLifetime({ executionId, correlationId, timeoutMs, signals: [signal, this.#closing.signal] })
    const execution = new MockExecution(call)
    this.#calls.push(call)
    this.#executions.set(executionId, { execution, lifetime })
    try {
      lifetime.signal.throwIfAborted()
      const run = () => {
        lifetime.signal.throwIfAborted()
        return Promise.race([this.#execute(call, execution, lifetime.signal), whenAborted(lifetime.signal)])
      }
      if (session === undefined) return await run()
      const { onAccepted } = call.options
      const step = { executionId, code: call.request.code, onAccepted, signal: lifetime.signal }
      return await this.sessions.runStep(session.id, step, run)
    } catch (error) {
      if (error instanceof CancelledById) return execution.cancel(error.message)
      if (execution.hasStarted && lifetime.signal.aborted) {
        execution.cancel('The request was aborted')
        if (error instanceof ExecutorClientError) concludeError(error, { attempts: 1, ambiguous: true })
      }
      execution.fail(error)
      throw error
    } finally {
      lifetime.dispose()
    }
  }

  async cancel(executionId: string, reason?: string): Promise<void> {
    this.#executions.get(executionId)?.lifetime.end(new CancelledById(reason))
  }

  events(
    executionId: string,
    options: ControlOptions & { readonly after?: string | undefined } = {},
  ): AsyncIterable<ExecutionEvent> {
    const found = this.#executions.get(executionId)
    if (found !== undefined) return found.execution.events(options)
    throw new ExecutorClientError('NOT_FOUND', `The MockExecutor has no execution ${executionId}`, { executionId })
  }

  /** Cancels all running executions; later ones are cancelled at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(clientClosed())
  }

  async #execute({ request }: MockCall, execution: MockExecution, signal: AbortSignal): Promise<ExecutionResult> {
    const { responses, defaultResult, latencyMs } = this.#options
    const matching = responses.find((response) => matches(response, request))
    const answer: MockAnswer = matching ?? { result: defaultResult }
    if (latencyMs > 0) await wait(latencyMs, signal)
    if ('reject' in answer) throw answer.reject
    execution.start()
    const ended = endOf(answer, request, (tool, input) => execution.callTool(tool, input))
    const end = await Promise.race([ended, execution.whenPaused()])
    signal.throwIfAborted()
    return execution.end(end)
  }
}

/** Resolves after a delay in milliseconds, by the global timer, which fake timers replace. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  })
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
