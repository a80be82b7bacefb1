import type { ToolDeclaration } from '@codemode/shared'

import { ActiveRuns } from './active-runs.ts'
import { createAdmission, createExecutor, createLog } from './client-parts.ts'
import { DetachedExecutions } from './detached-executions.ts'
import { ClientRun, type ClientRunOptions, type RunParts } from './client-run.ts'
import { closeParts, type CloseOptions } from './close-parts.ts'
import { runBatch, type Codes, type ExecuteAllOptions } from './execute-all.ts'
import type { ExecuteOptions } from './execute-options.ts'
import type { Execution } from './execution.ts'
import type { ExecutionResult } from './execution-result.ts'
import { checkOptions, planExecution, type CheckedOptions } from './plan.ts'
import { parseSubmitOptions, type SubmitOptions } from './submit-options.ts'
import type { View } from './view.ts'
import { printableConfig } from '../config/redact.ts'
import type { ResolvedConfig } from '../config/schema.ts'
import { clientClosed } from '../errors/cancelled-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { ClientEmitter } from '../insight/client-events.ts'
import { logEvents, logToolServerError } from '../insight/logger.ts'
import { StatsCounter, type Stats } from '../insight/stats.ts'
import { ClientSessions } from '../sessions/client-sessions.ts'
import { BlockingRunner } from '../sync/blocking-runner.ts'
import { prepareJob, workerConfig } from '../sync/prepare-job.ts'
import { ClientTools } from '../tools/client-tools.ts'

/** View and place of a step, and the function that adds it to its session once more. */
export type StepParts = Required<Pick<ClientRunOptions, 'view' | 'step' | 'submitAgain'>>

/** State that all views of one client share: its tools, executor and queue, and the executions under way. */
export class ClientCore {
  readonly tools: ClientTools
  readonly events = new ClientEmitter()
  readonly detached: DetachedExecutions
  readonly sessions: ClientSessions
  readonly #config: ResolvedConfig
  readonly #parts: RunParts
  readonly #stats = new StatsCounter()
  readonly #active = new ActiveRuns()
  #blocking: BlockingRunner | undefined
  #closing: Promise<void> | undefined

  constructor(config: ResolvedConfig) {
    this.#config = config
    const log = createLog(config)
    this.tools = new ClientTools(config, {
      events: this.events,
      runOf: (executionId, tool) => this.#active.find(executionId)?.servedFor(tool),
      onServerError: (error, correlationId) => logToolServerError(log, error, correlationId),
    })
    const shared = {
      executor: createExecutor(config),
      events: this.events,
      tools: this.tools,
      assertOpen: () => this.assertOpen(),
    }
    const { requestTimeoutMs, correlationIdPrefix, toolTimeoutMs } = config
    this.detached = new DetachedExecutions({ ...shared, requestTimeoutMs, correlationIdPrefix, toolTimeoutMs })
    this.sessions = new ClientSessions({
      ...shared,
      startStep: (code, options, parts) => this.#startStep(code, options, parts),
      throwsForWarnings: (options) => this.throwsForWarnings(options),
      correlationIdPrefix,
      memoryLimitMb: config.memoryLimitMb,
    })
    this.#parts = {
      ...shared,
      admission: createAdmission(config),
      stats: this.#stats,
      addId: (run, executionId) => this.#active.alias(run, executionId),
      detached: this.detached,
    }
    logEvents(this.events, log)
  }

  /** Runs code to its end. Resolves with its result, whether the code succeeded or failed. */
  async run(code: string, options: ExecuteOptions, view: View): Promise<ExecutionResult> {
    const loading = this.tools.load()
    if (loading !== undefined) await loading
    return this.#start(code, this.#check(options, view), { view, readsEvents: false, isInBatch: false }).result
  }

  /** Returns whether warnings of an execution with these options are errors. */
  throwsForWarnings({ warningsAsErrors = this.#config.warningsAsErrors }: ExecuteOptions): boolean {
    return warningsAsErrors === true
  }

  /** Starts to run code. Resolves when the executor has accepted it, or stored it if it is detached. */
  async submit(code: string, options: SubmitOptions, view: View): Promise<Execution> {
    await this.tools.load()
    const { execute, detached, notify } = parseSubmitOptions(options)
    const { request, ...rest } = this.#check(execute, view)
    const checked = { ...rest, request: { ...request, ...(notify && { notify }) } }
    return detached === undefined
      ? this.#submitChecked(code, checked, view)
      : this.detached.submit(code, checked, { ...detached, view })
  }

  /** Runs each code, with options that are checked once. Resolves with the results, in the order of the codes. */
  async runAll(codes: Codes, { onProgress, ...options }: ExecuteAllOptions, view: View): Promise<ExecutionResult[]> {
    await this.tools.load()
    const checked = this.#check(options, view)
    const runOptions = { view, readsEvents: false, isInBatch: true }
    return runBatch(codes, {
      start: (code) => this.#start(code, checked, runOptions),
      isOver: () => this.#closing !== undefined || options.signal?.aborted === true,
      concurrency: this.#parts.admission?.maxConcurrency ?? Infinity,
      onProgress,
    })
  }

  /** Runs code to its end in a worker thread, and blocks the calling one until then. Counts it, but emits no events. */
  runBlocking(code: string, options: ExecuteOptions, { context, registry }: View): ExecutionResult {
    this.assertOpen()
    const blocking = (this.#blocking ??= new BlockingRunner(workerConfig(this.#config)))
    const runningCount = this.#active.all.length
    const { module } = this.tools
    const job = prepareJob(code, options, { config: this.#config, registry, module, context, runningCount })
    return this.#stats.countBlocking(() => blocking.run(job))
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

  /** Resolves with whether the executor takes executions now. */
  async isReady(): Promise<boolean> {
    this.assertOpen()
    return (await this.#parts.executor.isReady?.()) ?? true
  }

  /** Throws CLIENT_CLOSED if the client is closed or closing. */
  assertOpen(): void {
    if (this.#closing === undefined) return
    throw new ExecutorClientError('CLIENT_CLOSED', 'The client is closed.', {
      suggestion: 'Create one client for the lifetime of your server, and close it when the server stops.',
    })
  }

  close(options: CloseOptions): Promise<void> {
    const { executor } = this.#parts
    this.detached.close(clientClosed())
    this.#closing ??= closeParts(
      { active: this.#active, executor, tools: this.tools, blocking: this.#blocking },
      options,
    )
    return this.#closing
  }

  /** Loads the tools, and listens for their calls. */
  async serveTools(): Promise<void> {
    this.assertOpen()
    if (this.#config.toolServer === undefined) {
      throw new ConfigurationError(
        'serveTools() listens at toolServer.port, and this client has no toolServer. Without one, codemode.resume(id) serves the tools.',
        "Codemode.fromClientConfig({\n  …,\n  toolServer: { port: 9001, url: 'http://127.0.0.1:9001', secret: process.env['CODEMODE_TOOL_SERVER_SECRET'] },\n})",
      )
    }
    await this.tools.load()
    await this.tools.server.listen()
  }

  /** Returns the declarations of tools of a view, by name. Throws a ConfigurationError if a module of tools is not loaded. */
  declarationsIn({ registry }: View, names: readonly string[] | undefined): ToolDeclaration[] {
    if (this.tools.module?.isLoaded === false) throw notLoaded()
    return registry.select(names).map(({ declaration }) => declaration)
  }

  /** Returns the configuration for printing, without secrets. */
  toJSON({ registry }: View): Record<string, unknown> {
    return { ...printableConfig(this.#config), tools: registry.select(undefined).map(({ name }) => name) }
  }

  #check(options: ExecuteOptions, { context, registry }: View): CheckedOptions {
    return checkOptions(options, { config: this.#config, registry, context })
  }

  /** Starts a step of a session, which is sent in its turn. Throws if the code or the options are invalid. */
  #startStep(code: string, options: ExecuteOptions, { view, step, submitAgain }: StepParts): ClientRun {
    const checked = withoutMemoryLimit(this.#check(options, { ...view, context: {} }))
    const plan = planExecution(code, step?.session.isDurable === true ? withStoredApprovals(checked) : checked)
    this.assertOpen()
    // A step waits for the ones before, so its time in the client's queue has no limit.
    const run = new ClientRun(plan, this.#parts, { view, readsEvents: true, isInBatch: true, submitAgain, step })
    this.#active.add(run)
    run.begin()
    return run
  }

  /** Starts an execution of the code. Throws if the code is invalid or the client is closed. */
  #start(code: string, options: CheckedOptions, runOptions: Omit<ClientRunOptions, 'submitAgain'>): ClientRun {
    const plan = planExecution(code, options)
    this.assertOpen()
    const submitAgain = () => this.#submitChecked(code, options, runOptions.view)
    const run = new ClientRun(plan, this.#parts, { ...runOptions, submitAgain })
    this.#active.add(run)
    run.begin()
    return run
  }

  async #submitChecked(code: string, options: CheckedOptions, view: View): Promise<Execution> {
    const run = this.#start(code, options, { view, readsEvents: true, isInBatch: false })
    await run.accepted
    return run.execution
  }
}

function notLoaded(): ConfigurationError {
  return new ConfigurationError(
    'The tools of the toolsModule are not known yet, because it is loaded when it is first needed.',
    'await codemode.loadTools()',
  )
}

/** Returns the options of a step: the memory limit is that of its session. */
function withoutMemoryLimit(checked: CheckedOptions): CheckedOptions {
  const { limits: { memoryLimitMb: _, ...limits } = {}, ...request } = checked.request
  return { ...checked, request: { ...request, ...(Object.keys(limits).length > 0 && { limits }) } }
}

/** Returns the options of a durable step: its approvals are stored, because this client may be gone when one is needed. */
function withStoredApprovals(checked: CheckedOptions): CheckedOptions {
  const { approvals: _, ...request } = checked.request
  return { ...checked, request, onApproval: undefined }
}
