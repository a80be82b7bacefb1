import { inspect, type InspectOptions } from 'node:util'

import type { Json } from '@codemode/shared'

import { ClientCore, type CloseOptions, type View } from './client-core.ts'
import { configFromCode, configFromEnv } from './config/env.ts'
import { configFromFile } from './config/file.ts'
import type { ClientConfig, ComposedConfig } from './config/schema.ts'
import { valueOf } from './errors/error-from-result.ts'
import { runBatch, type Codes, type ExecuteAllOptions } from './execute-all.ts'
import type { ExecuteOptions } from './execute-options.ts'
import type { Execution } from './execution.ts'
import type { ExecutionResult } from './execution-result.ts'
import type { ClientEvents, ClientListener } from './insight/client-events.ts'
import type { Stats } from './insight/stats.ts'
import { contextFrom } from './request-json.ts'
import type { Context, ToolLike } from './tools/define.ts'

/**
 * Runs a language model's code on an executor and serves your tools to it. Make one for the life of your server.
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

  private constructor(core: ClientCore, context: Context = {}) {
    this.#core = core
    this.#view = { context }
  }

  /** A client from a configuration. Throws a ConfigurationError that shows the corrected code. */
  static fromClientConfig(config: ClientConfig | ComposedConfig): Codemode {
    return new Codemode(new ClientCore(configFromCode(config)))
  }

  /**
   * A client from a YAML file such as `codemode.yaml`, in whose values `${NAME}` and `${NAME:-default}` are variables. The
   * environment wins over the file (see `fromEnv`), and what is given here over both.
   */
  static async fromConfig(path: string | URL, config: Partial<ClientConfig> = {}): Promise<Codemode> {
    return new Codemode(new ClientCore(await configFromFile(path, config)))
  }

  /**
   * A client from the environment: `CODEMODE_EXECUTOR_URL`, `CODEMODE_EXECUTOR_API_KEY`, and a variable for each other
   * option, such as `CODEMODE_RETRY_MAX_ATTEMPTS` for `retry.maxAttempts`. What is given here wins.
   */
  static fromEnv(config: Partial<ClientConfig> = {}): Codemode {
    return new Codemode(new ClientCore(configFromEnv(config)))
  }

  /**
   * Adds a tool that the next execution can call as `tools.name(input)`; characters that no identifier has become `_`, and
   * dots make namespaces. A name that is taken is a ConfigurationError, unless `overwrite`.
   */
  registerTool(name: string, tool: ToolLike, options: { readonly overwrite?: boolean | undefined } = {}): this {
    this.#core.assertOpen()
    this.#core.registry.register(name, tool, options)
    return this
  }

  /** A view of this client whose executions have this context as well. It shares all else; this client is unchanged. */
  withContext(context: Context): Codemode {
    return new Codemode(this.#core, { ...this.#view.context, ...contextFrom(context) })
  }

  /**
   * The value of the code. Throws an ExecutionError when the code fails, an ExecutorTimeoutError when a clock ran out, a
   * CancelledError when the signal aborts, and another ExecutorClientError when the request fails.
   */
  async executeAsync<T = Json>(code: string, options: ExecuteOptions = {}): Promise<T> {
    return valueOf(await this.run<T>(code, options))
  }

  /**
   * The value of the code, as `executeAsync` gives it, while the calling thread blocks: for scripts. The code has the tools
   * of `toolsModule` only. Where blocking would stall something (tools of this loop, executions under way, a server), it
   * is a ConfigurationError. `stats()` counts it; its thread has the client's limits for itself, and tells no listeners.
   */
  // The caller says what the value is, as of executeAsync.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  execute<T = Json>(code: string, options: ExecuteOptions = {}): T {
    return valueOf(this.#core.runBlocking(code, options, this.#view) as ExecutionResult<T>)
  }

  /** How the code ended. Never throws for what the code did, only when the request or the executor failed. */
  run<T = Json>(code: string, options: ExecuteOptions = {}): Promise<ExecutionResult<T>> {
    return this.#core.run(code, options, this.#view) as Promise<ExecutionResult<T>>
  }

  /**
   * How each code ended, in their order; a request that failed is a failed result. Codes are read as there is room for
   * them: at most 256 are under way at a time, or as many as `concurrency` allows. It rejects for wrong options, before any
   * code has run, and when reading the codes fails. Once the signal aborts or the client closes, the rest of an array fails,
   * and no more is read of another iterable.
   */
  async executeAll<T = Json>(codes: Codes, options: ExecuteAllOptions = {}): Promise<ExecutionResult<T>[]> {
    const { onProgress, ...common } = options
    await this.#core.loadTools()
    const begin = this.#core.starter(common, this.#view, { isFollowed: false, isPatient: true })
    const { concurrency } = this.#core
    const isOver = (): boolean => this.#core.isClosing || common.signal?.aborted === true
    return (await runBatch(codes, { begin, concurrency, onProgress, isOver })) as ExecutionResult<T>[]
  }

  /** Begins to run the code; resolves when the executor has accepted it. */
  submit<T = Json>(code: string, options: ExecuteOptions = {}): Promise<Execution<T>> {
    return this.#core.submit(code, options, this.#view) as Promise<Execution<T>>
  }

  /** The executions of this client and its views that wait in its queue or are under way. */
  activeExecutions(): Execution[] {
    return this.#core.active
  }

  /** What this client and its views have run since it was made. */
  stats(): Stats {
    return this.#core.stats()
  }

  /**
   * Calls the listener on each event of this client and its views; what it returns removes it again. With a listener for
   * `log` the events of all executions are followed, so that it hears the code's console while the code runs.
   */
  on<Name extends keyof ClientEvents>(event: Name, listener: ClientListener<Name>): () => void {
    return this.#core.events.on(event, listener)
  }

  /** Serves the executor's tool calls: a fetch handler to mount at the URL of `toolServer.url`. It never rejects. */
  get toolHandler(): (request: Request) => Promise<Response> {
    return this.#core.toolServer.handle
  }

  /** Whether the executor answers at all, within 5 s. */
  healthCheck(): Promise<boolean> {
    return this.#core.isLive()
  }

  /** Whether the executor takes executions now; answers within 5 s. */
  readyCheck(): Promise<boolean> {
    return this.#core.isReady()
  }

  /** Closes the client and all its views; executions under way are cancelled, with `drain` only after `timeoutMs`. */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#core.close(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The configuration, to be printed: secrets are `[redacted]`, tools are their names. */
  toJSON(): Record<string, unknown> {
    return this.#core.toJSON()
  }

  /** What `console.log` shows: its configuration, without secrets. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Codemode ${inspect(this.toJSON(), options)}`
  }
}
