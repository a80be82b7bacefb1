import { inspect, type InspectOptions } from 'node:util'

import type { Approval, ExecutionSummary, Json, SessionSummary, ToolDeclaration } from '@codemode/shared'

import type { DeferredToolAnswer } from './approvals/answer-tool-call.ts'
import type { ApprovalToDecide } from './approvals/decide.ts'
import type { ApprovalDecision } from './approvals/decision.ts'
import type { ListApprovalsOptions } from './approvals/list-approvals.ts'
import { ClientCore } from './run/client-core.ts'
import type { CloseOptions } from './run/close-parts.ts'
import { configFromCode, configFromEnv } from './config/env.ts'
import { configFromFile } from './config/file.ts'
import { crewaiTool, type CrewaiTool } from './frameworks/crewai-run-code.ts'
import { newCodemodeError } from './config/new-codemode-error.ts'
import type { ClientConfig, ComposedConfig } from './config/schema.ts'
import { valueOf } from './errors/error-from-result.ts'
import type { Codes, ExecuteAllOptions } from './run/execute-all.ts'
import type { ExecuteOptions } from './run/execute-options.ts'
import type { Execution } from './run/execution.ts'
import type { ExecutionResult } from './run/execution-result.ts'
import type { ListOptions } from './run/list-executions.ts'
import type { ExecutionResumeOptions } from './run/resume.ts'
import type { SubmitOptions } from './run/submit-options.ts'
import type { ClientEvents, ClientListener } from './insight/client-events.ts'
import type { Stats } from './insight/stats.ts'
import { contextFrom } from './run/request-json.ts'
import type { View } from './run/view.ts'
import { declarationsOf } from './prompt/declarations/declarations.ts'
import { promptOf, type DeclarationsOptions, type PromptOptions } from './prompt/prompt.ts'
import { runCodeTool, type RunCodeTool, type RunCodeToolOptions } from './prompt/run-code-tool.ts'
import type { ListSessionsOptions } from './sessions/client-sessions.ts'
import type { SessionOptions } from './sessions/session-options.ts'
import type { Session } from './sessions/session.ts'
import type { ToolLike } from './tools/define.ts'
import { ToolRegistry } from './tools/registry.ts'
import { separateHandlerError, toolRecord } from './tools/tool-record.ts'

/**
 * Client that runs a language model's code on an executor and serves your tools to it. Make one for the lifetime of
 * your server.
 *
 * @example
 * import { Codemode } from '@codemode/client'
 *
 * await using codemode = Codemode.fromClientConfig({
 *   executorUrl: 'http://localhost:8001',
 *   executorApiKey: process.env['CODEMODE_EXECUTOR_API_KEY'],
 *   tools: { weather: ({ city }: { city: string }) => ({ city, celsius: 21 }) },
 * })
 * const celsius = await codemode.executeAsync<number>(`(await tools.weather({ city: 'Oslo' })).celsius`)
 */
export class Codemode implements AsyncDisposable {
  readonly #core: ClientCore
  readonly #view: View

  private constructor(core: ClientCore, view: Partial<View> = {}) {
    if (!(core instanceof ClientCore)) throw newCodemodeError(core)
    this.#core = core
    this.#view = { context: {}, registry: core.tools.registry, ...view }
  }

  /** Creates a client from a configuration. Throws a ConfigurationError with the corrected code if it is invalid. */
  static fromClientConfig(config: ClientConfig | ComposedConfig): Codemode {
    return new Codemode(new ClientCore(configFromCode(config)))
  }

  /**
   * Creates a client from a YAML file such as `codemode.yaml`. `${NAME}` and `${NAME:-default}` in its values are
   * replaced by environment variables. Options of the environment (see `fromEnv`) override the file, and `config`
   * overrides both.
   */
  static async fromConfig(path: string | URL, config: Partial<ClientConfig> = {}): Promise<Codemode> {
    return new Codemode(new ClientCore(await configFromFile(path, config)))
  }

  /**
   * Creates a client from the environment: `CODEMODE_EXECUTOR_URL`, `CODEMODE_EXECUTOR_API_KEY`, and a variable for
   * each other option, such as `CODEMODE_RETRY_MAX_ATTEMPTS` for `retry.maxAttempts`. `config` overrides the
   * environment.
   */
  static fromEnv(config: Partial<ClientConfig> = {}): Codemode {
    return new Codemode(new ClientCore(configFromEnv(config)))
  }

  /**
   * Adds a tool that later executions can call as `tools.name(input)`. Dots in the name make namespaces; characters
   * that are not allowed in identifiers become `_`. Throws a ConfigurationError if the name is taken, unless
   * `overwrite` is set.
   */
  registerTool(name: string, tool: ToolLike, options: { readonly overwrite?: boolean | undefined } = {}): this {
    this.#core.assertOpen()
    if (typeof tool === 'string' || typeof options === 'function') throw separateHandlerError(name)
    this.#view.registry.register(name, tool, options)
    return this
  }

  /** Returns a view of this client that adds this context to its executions, and shares all else with this client. */
  withContext(context: object): Codemode {
    return new Codemode(this.#core, {
      ...this.#view,
      context: { ...this.#view.context, ...contextFrom(context) },
    })
  }

  /**
   * Returns a view of this client whose executions have these tools in addition, such as the tools of one user. A tool
   * replaces the client's tool of the same name, in the view only; `registerTool` of the view adds to the view. All else
   * is shared with this client. Throws a ConfigurationError for a tool that can't be used.
   */
  withTools<Tools extends { readonly [Name in keyof Tools]: ToolLike }>(tools: Tools): Codemode {
    this.#core.assertOpen()
    const registry = new ToolRegistry(this.#view.registry)
    registry.registerAll(toolRecord(tools, 'codemode.withTools'))
    return new Codemode(this.#core, { ...this.#view, registry })
  }

  /**
   * Runs code and resolves with its value. Rejects with an ExecutionError if the code fails (or gives warnings, with the
   * option `warningsAsErrors`), an ExecutorTimeoutError
   * after a timeout, a CancelledError if the signal aborts, an ApprovalPendingError if the execution is paused, and another
   * ExecutorClientError if the request fails.
   */
  async executeAsync<T = Json>(code: string, options: ExecuteOptions = {}): Promise<T> {
    return valueOf(await this.run<T>(code, options), this.#core.throwsForWarnings(options))
  }

  /**
   * Runs code and returns its value, and blocks the calling thread until then: for scripts. Throws as `executeAsync`
   * rejects. The code has only the tools of `toolsModule`. Throws a ConfigurationError if blocking would stall tools of
   * this event loop, executions under way or a server. `stats()` counts the execution, but no listeners are called,
   * and the thread applies `concurrency` and `rateLimit` separately.
   */
  // The caller states the type of the value, as for executeAsync.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  execute<T = Json>(code: string, options: ExecuteOptions = {}): T {
    const result = this.#core.runBlocking(code, options, this.#view) as ExecutionResult<T>
    return valueOf(result, this.#core.throwsForWarnings(options))
  }

  /**
   * Runs code and resolves with its result, also if the code failed, or with the approvals for which it waits, as a result with
   * `status: 'paused'`. Rejects only if request or executor failed.
   */
  run<T = Json>(code: string, options: ExecuteOptions = {}): Promise<ExecutionResult<T>> {
    return this.#core.run(code, options, this.#view) as Promise<ExecutionResult<T>>
  }

  /**
   * Runs each code and resolves with the results, in the order of the codes; a failed request becomes a failed result.
   * At most 256 executions are under way at a time, or fewer if `concurrency` is less; a code is read when it can
   * start. Rejects for invalid options, before any code has run, and if reading the codes fails. When the signal aborts
   * or the client closes, the rest of an array fails, and any other iterable is not read further.
   */
  executeAll<T = Json>(codes: Codes, options: ExecuteAllOptions = {}): Promise<ExecutionResult<T>[]> {
    return this.#core.runAll(codes, options, this.#view) as Promise<ExecutionResult<T>[]>
  }

  /**
   * Starts to run the code. Resolves when the executor has accepted it. With `detached: true` it has been stored by then: it
   * outlives this client and the executor's process, and any client can follow it by its id. Its signal ends the
   * submission only, and it does not count in `activeExecutions`, `stats`, `concurrency` and `rateLimit`. Its tools are served
   * by the tool server, which has none of a view (`withTools`), or with `servedBy: 'resume'` by any client that resumes it.
   *
   * @example
   * import { Codemode } from '@codemode/client'
   *
   * await using codemode = Codemode.fromClientConfig({
   *   executorUrl: 'http://localhost:8001',
   *   executorApiKey: process.env['CODEMODE_EXECUTOR_API_KEY'],
   * })
   * const { id } = await codemode.submit('await sleep(3_600_000); return 42', { detached: true, label: 'report' })
   */
  submit<T = Json>(code: string, options: SubmitOptions = {}): Promise<Execution<T>> {
    return this.#core.submit(code, options, this.#view) as Promise<Execution<T>>
  }

  /**
   * Reads the record of an execution by its id, or by the `idempotencyKey` of its submission. Resolves with its handle, in
   * any process; the handle of an execution that has ended has the `result`. Rejects with the code `NOT_FOUND` if the
   * executor has no such execution of this API key's tenant.
   *
   * @example
   * import { Codemode } from '@codemode/client'
   *
   * await using codemode = Codemode.fromEnv()
   * const execution = await codemode.getExecution<number>('exe_0197f1c2-0000-7000-8000-000000000000')
   * console.log(execution.result ?? (await execution.wait({ timeoutMs: 60_000 })))
   */
  async getExecution<T = Json>(execution: string | { readonly idempotencyKey: string }): Promise<Execution<T>> {
    return (await this.#core.detached.find(execution)) as Execution<T>
  }

  /**
   * Returns the executions of this API key's tenant that the executor's store has, newest first: detached ones, and attached
   * ones that have ended. The list is read in pages while it is iterated; an execution that is stored meanwhile does not
   * shift it. Throws a ConfigurationError for an invalid filter.
   *
   * @example
   * import { Codemode } from '@codemode/client'
   *
   * await using codemode = Codemode.fromEnv()
   * for await (const { executionId, error } of codemode.listExecutions({ status: 'failed', detached: true })) {
   *   console.log(executionId, error?.code)
   * }
   */
  listExecutions(options: ListOptions = {}): AsyncIterable<ExecutionSummary> {
    return this.#core.detached.list(options)
  }

  /**
   * Waits for the result of an execution that the executor keeps, which is named by its id or by the `idempotencyKey` of its
   * submission, and meanwhile serves its tool calls with the tools of this
   * client or view: for a detached execution without a callback, and for one that was paused. One client serves at a time;
   * others wait, and take over when it ends. Waits also while the execution is paused. An execution with a callback is only
   * watched. Rejects with a ConfigurationError for a call of a tool that this client does not have; the call then waits for one
   * that has it. Rejects when the signal aborts, after `timeoutMs`, and when the client closes; the execution goes on then.
   */
  resume<T = Json>(
    execution: string | { readonly idempotencyKey: string },
    options: ExecutionResumeOptions = {},
  ): Promise<ExecutionResult<T>> {
    return this.#core.detached.resume(execution, options, this.#view) as Promise<ExecutionResult<T>>
  }

  /**
   * Returns the approvals of this API key's tenant, by default the oldest first. The list is read in pages while it is
   * iterated. A key needs the right `read` or `approve`; one with `run` only sees those of its own executions.
   */
  listApprovals(options: ListApprovalsOptions = {}): AsyncIterable<Approval> {
    return this.#core.detached.listApprovals(options)
  }

  /**
   * Decides about a tool call that waits for an approval: `{ approve: true, input? }` runs its handler, with the edited input if
   * there is one; `{ reject: 'reason', end? }` fails the call, or ends the execution; `{ respond: value }` answers in place of the
   * tool. Resolves with the approval after the decision. Rejects with `FORBIDDEN` without the right `approve`, with
   * `INVALID_REQUEST` for an edited input that does not match the tool's schema, and with `APPROVAL_CONFLICT`, and the current
   * state, if the call does not wait for this approval. Repeating a decision has no further effect.
   */
  decide(approval: ApprovalToDecide, decision: ApprovalDecision): Promise<Approval> {
    return this.#core.detached.decide(approval, decision)
  }

  /**
   * Answers a tool call whose handler has returned `call.defer()`, from any process. Rejects with `APPROVAL_CONFLICT`, and the state
   * of the call in the message, if the answer is not accepted: it came late, the call has an answer, or waits for an approval.
   * The answer is not checked against the tool's `outputSchema`.
   */
  answerToolCall(callId: string, answer: DeferredToolAnswer): Promise<void> {
    return this.#core.detached.answerToolCall(callId, answer)
  }

  /**
   * Creates a session, whose variables stay between its steps, with the context and the tools of this client or view. With the `id`
   * of a session that the executor has, attaches to it, in any process; other options must then be those of its creation, or
   * absent. Rejects with SESSION_EXPIRED if the session with this id has ended, and with a ConfigurationError if the executor has
   * no sessions.
   */
  session(options: SessionOptions = {}): Promise<Session> {
    return this.#core.sessions.open(options, this.#view)
  }

  /** Returns the sessions of this API key's tenant at the executor, newest first. The list is read in pages while it is iterated. */
  listSessions(options: ListSessionsOptions = {}): AsyncIterable<SessionSummary> {
    return this.#core.sessions.list(options)
  }

  /**
   * Returns TypeScript declarations of the tools of this client or view, sorted by name, from their schemas. Within a `budget`
   * they have fewer comments, then only the names, then only how code discovers the tools.
   */
  declarations({ tools, budget }: DeclarationsOptions = {}): string {
    return declarationsOf(this.#declared(tools), budget)
  }

  /**
   * Returns the text for a system prompt: the rules of the code, and the declarations of the tools of this client or view. The
   * same tools give the same text, so that prompt caches hold.
   */
  prompt({ tools, budget }: PromptOptions = {}): string {
    return promptOf(this.#declared(tools), budget)
  }

  /**
   * Returns the tool by which a model runs code with the tools of this client or view, `run_code`, to be given to an agent. Its
   * `execute` resolves with a text for the model, also if the code failed. The description is made now: of tools that are
   * registered later it has no names. Throws a ConfigurationError for invalid options.
   *
   * @example
   * import { Codemode } from '@codemode/client'
   *
   * await using codemode = Codemode.fromEnv()
   * const { name, description, inputSchema, execute } = codemode.asTool()
   * const tools = [{ type: 'function', function: { name, description, parameters: inputSchema } }]
   * const text = await execute({ code: 'return 6 * 7' }, { signal: AbortSignal.timeout(60_000) })
   */
  asTool(options: RunCodeToolOptions = {}): RunCodeTool {
    return runCodeTool(options, { declared: (names) => this.#declared(names), run: (...given) => this.run(...given) })
  }

  /**
   * Returns the tool of `asTool` in the shape of CrewAI's `BaseTool`. Its functions never throw: they give a text for the model, with
   * the correlation id of what went wrong. `_run` blocks the thread as `execute` does, and needs the tools in a `toolsModule`.
   *
   * @example
   * import { Codemode } from '@codemode/client'
   *
   * await using codemode = Codemode.fromEnv()
   * const tool = codemode.asCrewaiTool()
   * console.log(await tool.run({ code: 'return 6 * 7' }), tool._run({ code: 'return 6 * 7' }))
   */
  asCrewaiTool(options: RunCodeToolOptions = {}): CrewaiTool {
    const runBlocking = (code: string) => this.#core.runBlocking(code, options.execution ?? {}, this.#view)
    return crewaiTool(this.asTool(options), runBlocking, options)
  }

  /** Returns the executions of this client and its views that wait in its queue or are under way. */
  activeExecutions(): Execution[] {
    return this.#core.active
  }

  /** Returns counts and times of the executions of this client and its views since the client was created. */
  stats(): Stats {
    return this.#core.stats()
  }

  /**
   * Adds a listener for an event of this client and its views. Returns a function that removes it. A listener for `log`
   * makes the client read the event streams of all executions, so that it gets console output while the code runs.
   */
  on<Name extends keyof ClientEvents>(event: Name, listener: ClientListener<Name>): () => void {
    return this.#core.events.on(event, listener)
  }

  /** Fetch handler that serves the executor's tool calls, to mount at the URL `toolServer.url`. It never rejects. */
  get toolHandler(): (request: Request) => Promise<Response> {
    return this.#core.tools.server.handle
  }

  /**
   * Listens at `toolServer.port` from now on, and not only from the first execution with tools on: for a process that serves
   * the tools of detached executions which it has not started. Has no effect without a port. Rejects with a
   * ConfigurationError without a `toolServer`, and if it can't listen.
   */
  serveTools(): Promise<void> {
    return this.#core.serveTools()
  }

  /** Loads the tools of the `toolsModule`, which are otherwise loaded when they are first needed, and can then be declared. */
  async loadTools(): Promise<void> {
    await this.#core.tools.load()
  }

  /** Resolves with whether the executor answers at all, within 5 s. */
  healthCheck(): Promise<boolean> {
    return this.#core.isLive()
  }

  /** Resolves with whether the executor takes executions now, within 5 s. */
  readyCheck(): Promise<boolean> {
    return this.#core.isReady()
  }

  /**
   * Closes the client and its views. Cancels the executions under way: at once, or with `drain` after `timeoutMs`. Detached
   * executions continue; callers that wait for one get an error with the code `CLIENT_CLOSED`.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#core.close(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Returns the configuration for printing: secrets are `[redacted]`, tools are their names. */
  toJSON(): Record<string, unknown> {
    return this.#core.toJSON(this.#view)
  }

  /** Returns the text that `console.log` prints: the configuration without secrets. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Codemode ${inspect(this.toJSON(), options)}`
  }

  #declared(names: readonly string[] | undefined): ToolDeclaration[] {
    return this.#core.declarationsIn(this.#view, names)
  }
}
