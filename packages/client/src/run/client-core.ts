import { maxTimerMs, type ToolAnswer, type ToolCallMessage } from '@codemode/shared'

import { ActiveRuns } from './active-runs.ts'
import { ClientAdmission } from '../back-pressure/client-admission.ts'
import { ClientRun, type ClientRunOptions, type RunParts } from './client-run.ts'
import { createRedactor, printableConfig, secretsOf } from '../config/redact.ts'
import type { ExecutorClientConfig, ResolvedConfig } from '../config/schema.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ExecuteOptions } from './execute-options.ts'
import type { Execution } from './execution.ts'
import type { ExecutionResult } from './execution-result.ts'
import { ExecutorClient } from '../protocol/executor-client.ts'
import { enforceContract } from '../executors/enforce-contract.ts'
import { ClientEmitter } from '../insight/client-events.ts'
import { logEvents } from '../insight/logger.ts'
import { StatsCounter, type Stats } from '../insight/stats.ts'
import { planExecutions } from './plan.ts'
import { BlockingRunner } from '../sync/blocking-runner.ts'
import { prepareJob, threadConfig } from '../sync/prepare-job.ts'
import type { Context } from '../tools/define.ts'
import { ToolRegistry } from '../tools/registry.ts'
import { serveCall, reportConflict } from '../tools/serve-call.ts'
import { ToolServer } from '../tools/tool-server.ts'
import { ToolsModule } from '../tools/tools-module.ts'

const defaultDrainMs = 30_000

/** Options for closing a client. */
export interface CloseOptions {
  /** Whether to wait for the executions under way before the rest is cancelled; false by default. */
  readonly drain?: boolean | undefined
  /** Milliseconds that draining may take; 30,000 by default. */
  readonly timeoutMs?: number | undefined
}

/** View of a client: its context and its share of the queue. */
export interface View {
  readonly context: Context
}

/** State that all views of one client share: its tools, executor and tool server, and the executions under way. */
export class ClientCore {
  readonly registry = new ToolRegistry()
  readonly events = new ClientEmitter()
  readonly toolServer: ToolServer
  readonly #config: ResolvedConfig
  readonly #parts: RunParts
  readonly #stats = new StatsCounter()
  readonly #active = new ActiveRuns()
  readonly #toolsModule: ToolsModule | undefined
  #blocking: BlockingRunner | undefined
  #closing: Promise<void> | undefined

  constructor(config: ResolvedConfig) {
    this.#config = config
    this.toolServer = new ToolServer({
      config: config.toolServer,
      callTool: this.#callTool,
      onConflict: (call, { message }) => reportConflict(this.events, call, message),
    })
    this.#parts = {
      executor: 'executor' in config ? enforceContract(config.executor) : executorClientOf(config),
      admission: admissionOf(config),
      events: this.events,
      stats: this.#stats,
      callTool: this.#callTool,
      callbackFor: config.toolServer && this.#callbackFor,
      callbackEnded: (executionId) => this.toolServer.executionEnded(executionId),
      assertOpen: () => this.assertOpen(),
    }
    logEvents(this.events, {
      logger: config.logger,
      level: config.logLevel ?? (config.logger === undefined ? 'silent' : 'info'),
      redact: createRedactor(secretsOf(config)),
    })
    for (const [name, tool] of Object.entries(config.tools ?? {})) this.registry.register(name, tool)
    if (config.toolsModule !== undefined) this.#toolsModule = new ToolsModule(config.toolsModule, this.registry)
  }

  /** Loads the tools of `toolsModule`; returns undefined without one, so that the caller does not wait. */
  loadTools(): Promise<void> | undefined {
    return this.#toolsModule?.load()
  }

  /** Checks the options. Returns a function that starts an execution of a code with them. */
  starter(options: ExecuteOptions, view: View, manner: Pick<ClientRunOptions, 'readsEvents' | 'isInBatch'>) {
    const { context } = view
    const plan = planExecutions(options, { config: this.#config, registry: this.registry, context })
    const begin = (code: string, how: typeof manner): ClientRun => {
      const submitAgain = async (): Promise<Execution> => accepted(begin(code, asSubmitted))
      const planned = plan(code)
      this.assertOpen()
      const run = new ClientRun(planned, this.#parts, { ...how, view, submitAgain })
      this.#active.add(run)
      run.begin()
      return run
    }
    return (code: string): ClientRun => begin(code, manner)
  }

  /** Runs code to its end. Resolves with its result, whether the code succeeded or failed. */
  async run(code: string, options: ExecuteOptions, view: View): Promise<ExecutionResult> {
    const loading = this.loadTools()
    if (loading !== undefined) await loading
    return this.starter(options, view, { readsEvents: false, isInBatch: false })(code).result
  }

  /** Runs code to its end in a worker thread, and blocks the calling one until then. Counts it, but emits no events. */
  runBlocking(code: string, options: ExecuteOptions, { context }: View): ExecutionResult {
    this.assertOpen()
    this.#blocking ??= new BlockingRunner(threadConfig(this.#config))
    const underWay = this.#active.all.length
    const toolsModule = this.#toolsModule
    const scope = { config: this.#config, registry: this.registry, context, toolsModule, underWay }
    const job = prepareJob(code, options, scope)
    const blocking = this.#blocking
    return this.#stats.counting(() => blocking.run(job))
  }

  /** Starts to run code. Resolves when the executor has accepted it. */
  async submit(code: string, options: ExecuteOptions, view: View): Promise<Execution> {
    await this.loadTools()
    return accepted(this.starter(options, view, asSubmitted)(code))
  }

  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /** Maximum number of executions under way at a time. */
  get concurrency(): number {
    return this.#parts.admission?.maxConcurrency ?? Infinity
  }

  get active(): Execution[] {
    return this.#active.all.map(({ execution }) => execution)
  }

  stats(): Stats {
    return this.#stats.snapshot(this.#parts.admission?.concurrency)
  }

  /** Resolves with whether the executor answers at all. */
  async isLive(): Promise<boolean> {
    this.assertOpen()
    return (await this.#parts.executor.isLive?.()) ?? true
  }

  async isReady(): Promise<boolean> {
    this.assertOpen()
    return (await this.#parts.executor.isReady?.()) ?? true
  }

  /** Throws CLIENT_CLOSED if the client is closed or closing. */
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

  /** Returns the configuration for printing, without secrets. */
  toJSON(): Record<string, unknown> {
    return { ...printableConfig(this.#config), tools: this.registry.select(undefined).map(({ name }) => name) }
  }

  readonly #callbackFor = (run: ClientRun, executionId: string) => {
    this.#active.alias(run, executionId)
    const { request, requestTimeoutMs } = run.plan
    const tools = request.tools?.map(({ name }) => name) ?? []
    return this.toolServer.callbackFor(executionId, tools, requestTimeoutMs)
  }

  readonly #callTool = (
    message: ToolCallMessage,
    signal: AbortSignal,
    run = this.#active.find(message.executionId),
  ): Promise<ToolAnswer> =>
    serveCall(message, signal, { registry: this.registry, events: this.events, state: run?.state })

  async #close({ drain = false, timeoutMs = defaultDrainMs }: CloseOptions): Promise<void> {
    const results = this.#active.all.map(({ result }) => result)
    if (drain) await settledWithin(results, timeoutMs)
    for (const run of this.#active.all) run.stop(new DOMException('the client was closed', 'AbortError'))
    try {
      await this.#parts.executor[Symbol.asyncDispose]()
    } finally {
      await Promise.allSettled(results)
      await this.toolServer.close()
      await this.#blocking?.close()
    }
  }
}

const asSubmitted = { readsEvents: true, isInBatch: false }

async function accepted({ execution, state, result }: ClientRun): Promise<Execution> {
  await Promise.race([state.accepted, result])
  return execution
}

async function settledWithin(results: readonly Promise<unknown>[], timeoutMs: number): Promise<void> {
  const timedOut = Promise.withResolvers<void>()
  const timer = setTimeout(timedOut.resolve, Math.min(timeoutMs, maxTimerMs))
  await Promise.race([Promise.allSettled(results), timedOut.promise])
  clearTimeout(timer)
}

function executorClientOf(config: ExecutorClientConfig): ExecutorClient {
  const { executorUrl, executorApiKey, retry, requestTimeoutMs, connectTimeoutMs } = config
  return new ExecutorClient({ executorUrl, executorApiKey, retry, requestTimeoutMs, connectTimeoutMs })
}

function admissionOf({ concurrency, rateLimit, maxPending }: ResolvedConfig): ClientAdmission | undefined {
  const isUnlimited = concurrency === undefined && rateLimit === undefined
  return isUnlimited ? undefined : new ClientAdmission({ concurrency, rateLimit, maxPending })
}
