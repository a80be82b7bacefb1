import type { Callback, ToolAnswer, ToolCallMessage } from '@codemode/shared'

import type { ResolvedConfig } from '../config/schema.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import type { ExecutionState } from '../run/execution-state.ts'
import type { Plan } from '../run/plan.ts'
import { ToolRegistry } from './registry.ts'
import { reportConflict, serveCall } from './serve-call.ts'
import { ToolServer } from './tool-server.ts'
import { ToolsModule } from './tools-module.ts'

interface ClientToolsOptions {
  readonly events: ClientEmitter
  /** Returns the state of an execution of this client that is under way. */
  readonly stateOf: (executionId: string) => ExecutionState | undefined
  /** Called with each unexpected error of the tool server. Must not throw. */
  readonly onServerError: (error: unknown, correlationId: string) => void
}

/** Tools of one client: those registered in code and those of its module, with the server that the executor calls. */
export class ClientTools {
  readonly registry = new ToolRegistry()
  readonly server: ToolServer
  /** Module of the configuration; undefined without one. */
  readonly module: ToolsModule | undefined
  /** Whether the executor calls the tools over HTTP; otherwise their calls come over the event stream. */
  readonly usesCallbacks: boolean
  readonly #events: ClientEmitter

  constructor(config: ResolvedConfig, { events, stateOf, onServerError }: ClientToolsOptions) {
    this.#events = events
    this.usesCallbacks = config.toolServer !== undefined
    this.server = new ToolServer({
      config: config.toolServer,
      serve: (message, signal) => this.serve(message, signal, stateOf(message.executionId)),
      onError: onServerError,
      onConflict: (message, { message: reason }) => reportConflict(events, message, reason),
    })
    for (const [name, tool] of Object.entries(config.tools ?? {})) this.registry.register(name, tool)
    if (config.toolsModule !== undefined) this.module = new ToolsModule(config.toolsModule, this.registry)
  }

  /** Loads the tools of the module; returns undefined without one, so that the caller does not wait. */
  load(): Promise<void> | undefined {
    return this.module?.load()
  }

  /** Returns the callback through which the executor calls the tools of a plan. */
  callbackFor(executionId: string, { request, requestTimeoutMs }: Plan): Promise<Callback> {
    const names = request.tools?.map(({ name }) => name) ?? []
    return this.server.callbackFor(executionId, names, requestTimeoutMs)
  }

  /** Serves one call, and counts it in the state of its execution if that is under way. Never rejects. */
  serve(message: ToolCallMessage, signal: AbortSignal, state: ExecutionState | undefined): Promise<ToolAnswer> {
    return serveCall(message, signal, { registry: this.registry, events: this.#events, state })
  }
}
