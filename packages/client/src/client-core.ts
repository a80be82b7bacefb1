import type { ExecutionEvent, ToolAnswer, ToolCallMessage } from '@codemode/shared'

import type { ExecutorClientConfig, ResolvedConfig } from './config.ts'
import { ConfigurationError } from './errors/configuration-error.ts'
import { ExecutorClientError } from './errors/executor-client-error.ts'
import type { ExecuteOptions } from './execute-options.ts'
import { Execution } from './execution.ts'
import { resultFromError, type ExecutionResult, type FailedExecution } from './execution-result.ts'
import { ExecutorClient } from './executor-client.ts'
import type { Executor } from './executor.ts'
import { mapLimited } from './map-limited.ts'
import { planExecutions, type Plan } from './plan.ts'
import { attributes, inSpan, markFailed } from './telemetry.ts'
import type { Context } from './tools/define.ts'
import { invokeTool } from './tools/invoke.ts'
import { ToolRegistry } from './tools/registry.ts'
import { failed } from './tools/tool-failure.ts'
import { ToolServer } from './tools/tool-server.ts'

/** How many executions of one `executeAll` are under way at a time. */
const batchLimit = 256
const defaultDrainMs = 30_000

export interface CloseOptions {
  /** Waits for the executions under way before it cancels what is left; otherwise they are cancelled at once. */
  readonly drain?: boolean | undefined
  /** How long draining may take, 30,000 ms by default. */
  readonly timeoutMs?: number | undefined
}

/** What all views of one client share: its tools, its executor, its tool server, and what is under way. */
export class ClientCore {
  readonly registry = new ToolRegistry()
  readonly executor: Executor
  readonly toolServer: ToolServer
  readonly #config: ResolvedConfig
  readonly #active = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(config: ResolvedConfig) {
    this.#config = config
    this.executor = 'executor' in config ? config.executor : executorClientOf(config)
    this.toolServer = new ToolServer({ config: config.toolServer, callTool: this.#callTool })
    for (const [name, tool] of Object.entries(config.tools ?? {})) this.registry.register(name, tool)
  }

  /** Runs code to its end. */
  async run(code: string, options: ExecuteOptions, context: Context): Promise<ExecutionResult> {
    return this.#send(this.#planner(options, context)(code))
  }

  /** Runs each code; a request that failed is a failed result. Only wrong options reject, before any code has run. */
  async runAll(codes: Iterable<string>, options: ExecuteOptions, context: Context): Promise<ExecutionResult[]> {
    const plan = this.#planner(options, context)
    const plans = Array.from(codes, (code): Plan | FailedExecution => {
      try {
        return plan(code)
      } catch (error) {
        return failureFrom(error)
      }
    })
    return mapLimited(plans, batchLimit, async (next) =>
      'success' in next ? next : this.#send(next).catch(failureFrom),
    )
  }

  /** Begins to run code; resolves when it is accepted. */
  async submit<T>(code: string, options: ExecuteOptions, context: Context): Promise<Execution<T>> {
    const plan = this.#planner(options, context)(code)
    const { correlationId, request } = plan
    const { id } = request
    return Execution.submit<T>({
      id,
      correlationId,
      run: (onEvent) => this.#send(plan, onEvent) as Promise<ExecutionResult<T>>,
      cancel: async (reason) => {
        this.assertOpen()
        await this.executor.cancel?.(id, reason, { correlationId })
      },
      events: (after) => {
        this.assertOpen()
        if (this.executor.events !== undefined) return this.executor.events(id, { after, correlationId })
        throw new ConfigurationError('This executor keeps no events.', 'codemode.submit(code) with an ExecutorClient')
      },
      submitAgain: () => this.submit(code, options, context),
    })
  }

  /** Fails if the client is closed. */
  assertOpen(): void {
    if (this.#closing === undefined) return
    throw new ExecutorClientError('CLIENT_CLOSED', 'The client is closed.', {
      suggestion: 'Make one client for the life of your server, and close it when that ends.',
    })
  }

  close(options: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  #planner(options: ExecuteOptions, context: Context): (code: string) => Plan {
    return planExecutions(options, { config: this.#config, registry: this.registry, context })
  }

  async #send(plan: Plan, onEvent?: (event: ExecutionEvent) => void): Promise<ExecutionResult> {
    this.assertOpen()
    const running = this.#sendNow(plan, onEvent)
    this.#active.add(running)
    try {
      return await running
    } finally {
      this.#active.delete(running)
    }
  }

  async #sendNow(plan: Plan, onEvent?: (event: ExecutionEvent) => void): Promise<ExecutionResult> {
    const { request, correlationId, requestTimeoutMs, signal } = plan
    const tools = request.tools?.map(({ name }) => name) ?? []
    const callbackFor = (executionId: string) => this.toolServer.callbackFor(executionId, tools, requestTimeoutMs)
    return this.executor.run(request, {
      signal,
      correlationId,
      requestTimeoutMs,
      callTool: this.#callTool,
      ...(this.#config.toolServer !== undefined && { callbackFor }),
      ...(onEvent !== undefined && { onEvent }),
    })
  }

  readonly #callTool = (message: ToolCallMessage, signal: AbortSignal): Promise<ToolAnswer> => {
    const { tool: name, callId, executionId, correlationId } = message
    const ids = { [attributes.callId]: callId, [attributes.executionId]: executionId }
    const details = { attributes: { ...ids, [attributes.correlationId]: correlationId, [attributes.tool]: name } }
    return inSpan('codemode.tool', details, async (span) => {
      const tool = this.registry.get(name)
      const answer = tool
        ? await invokeTool(tool, message, signal)
        : failed('TOOL_UNAVAILABLE', `There is no tool ${name} in this process`)
      if (!answer.ok) markFailed(span, answer.error.code ?? answer.error.message)
      return answer
    })
  }

  async #close({ drain = false, timeoutMs = defaultDrainMs }: CloseOptions): Promise<void> {
    if (drain) await this.#drain(timeoutMs)
    await this.executor[Symbol.asyncDispose]()
    await Promise.allSettled(this.#active)
    await this.toolServer.close()
  }

  async #drain(timeoutMs: number): Promise<void> {
    const timedOut = Promise.withResolvers<void>()
    const timer = setTimeout(timedOut.resolve, Math.min(timeoutMs, 2_147_483_647))
    await Promise.race([Promise.allSettled(this.#active), timedOut.promise])
    clearTimeout(timer)
  }
}

function executorClientOf(config: ExecutorClientConfig): ExecutorClient {
  const { executorUrl, executorApiKey, retry, requestTimeoutMs, connectTimeoutMs } = config
  return new ExecutorClient({ executorUrl, executorApiKey, retry, requestTimeoutMs, connectTimeoutMs })
}

function failureFrom(error: unknown): FailedExecution {
  if (!(error instanceof ExecutorClientError) || error instanceof ConfigurationError) throw error
  return resultFromError(error)
}
