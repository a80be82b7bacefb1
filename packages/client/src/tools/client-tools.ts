import { defaultRequestLimits, type Callback, type ToolCallMessage, type ToolResponse } from '@codemode/shared'

import type { OnApproval } from '../approvals/ask-client.ts'
import type { ResolvedConfig, ToolServerConfig } from '../config/schema.ts'
import type { ClientEmitter } from '../insight/client-events.ts'
import type { ClientApproval } from './invoke.ts'
import type { ServedRun } from './serve-call.ts'
import type { Plan } from '../run/plan.ts'
import { ToolRegistry } from './registry.ts'
import {
  detachedLifetimes,
  isShared,
  refuseToolsOfView,
  requireSharedServer,
  toolsOfView,
  type SharedServerUse,
} from './shared-tool-server.ts'
import { refuseBound, reportConflict, serveCall } from './serve-call.ts'
import { ToolServer } from './tool-server.ts'
import { ToolsModule } from './tools-module.ts'

interface ClientToolsOptions {
  readonly events: ClientEmitter
  /** Returns the run of an execution of this client that is under way. */
  readonly runOf: (executionId: string, tool: string) => ServedRun | undefined
  /** Called with each unexpected error of the tool server. Must not throw. */
  readonly onServerError: (error: unknown, correlationId: string) => void
}

interface ApprovalOptions {
  readonly toolTimeoutMs?: number | undefined
  readonly registry?: ToolRegistry | undefined
}

interface DetachedCallbackOptions {
  readonly use: SharedServerUse
  readonly lifetimeMs: number
  readonly registry?: ToolRegistry
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
  readonly #serverConfig: ToolServerConfig | undefined
  readonly #config: ResolvedConfig

  constructor(config: ResolvedConfig, { events, runOf, onServerError }: ClientToolsOptions) {
    this.#events = events
    this.#config = config
    this.usesCallbacks = config.toolServer !== undefined
    this.#serverConfig = config.toolServer
    this.server = new ToolServer({
      config: config.toolServer,
      serve: (message, signal, { tools, isBound, isApprovedHere }) => {
        const run = runOf(message.executionId, message.tool)
        if (isBound && run === undefined) return refuseBound(message)
        // Another process of the application may have started the execution.
        const approval = isApprovedHere ? this.approvalBy(config.onApproval, message.tool) : undefined
        return this.serve(
          message,
          signal,
          run ?? { registry: this.registry, state: undefined, allowed: tools, approval },
        )
      },
      onError: onServerError,
      onConflict: (message, { message: reason }) => reportConflict(events, message, reason),
    })
    this.registry.registerAll(config.tools ?? {})
    if (config.toolsModule !== undefined) this.module = new ToolsModule(config.toolsModule, this.registry)
  }

  /** Loads the tools of the module; returns undefined without one, so that the caller does not wait. */
  load(): Promise<void> | undefined {
    return this.module?.load()
  }

  /** Returns whether a registry is that of a view, and not the client's own. */
  isExtendedBy(registry: ToolRegistry): boolean {
    return registry !== this.registry
  }

  /** Returns the callback through which the executor calls the tools of a plan. */
  callbackFor(executionId: string, plan: Plan, registry: ToolRegistry): Promise<Callback> {
    const tools = plan.request.tools?.map(({ name }) => name) ?? []
    const isApprovedHere = plan.request.approvals === 'client'
    const hasOwnApproval = isApprovedHere && plan.onApproval !== this.#config.onApproval
    const scope = { tools, isBound: hasOwnApproval || this.isExtendedBy(registry), isApprovedHere }
    return this.server.callbackFor(executionId, scope, plan.requestTimeoutMs)
  }

  /**
   * Returns the callback of a detached execution, which any process of the client can serve until the execution expires.
   * Rejects with a ConfigurationError if the tool server is not a shared one, or a tool is one of a view.
   */
  async detachedCallbackFor(
    executionId: string,
    tools: readonly string[],
    { use, lifetimeMs, registry = this.registry }: DetachedCallbackOptions,
  ): Promise<Callback> {
    requireSharedServer(this.#serverConfig, use)
    refuseToolsOfView(tools, registry, this.registry)
    return this.server.callbackFor(executionId, { tools, isBound: false }, lifetimeMs)
  }

  /**
   * Returns the way to call the tools of a durable session's step by callback, for as long as a detached execution lives. There
   * is none if other processes can't serve the calls: then a client serves them when it follows the step.
   */
  stepCallback(
    { request: { tools = [] } }: Plan,
    registry: ToolRegistry,
  ): { callbackFor?: (executionId: string) => Promise<Callback> } {
    const names = tools.map(({ name }) => name)
    if (!isShared(this.#serverConfig) || toolsOfView(names, registry, this.registry).length > 0) return {}
    return {
      callbackFor: (executionId) =>
        this.server.callbackFor(executionId, { tools: names, isBound: false }, detachedLifetimes.defaultMs),
    }
  }

  /**
   * Serves one call. If its execution is under way, counts it in the execution's state, and uses the tools of its view.
   * Never rejects.
   */
  serve(message: ToolCallMessage, signal: AbortSignal, run: ServedRun): Promise<ToolResponse> {
    return serveCall(message, signal, { ...run, events: this.#events })
  }

  /** Returns the approval of calls by a function, with the timeout that a call of the tool has from then on. */
  approvalBy(
    onApproval: OnApproval | undefined,
    tool: string,
    { toolTimeoutMs = this.#config.toolTimeoutMs, registry = this.registry }: ApprovalOptions = {},
  ): ClientApproval | undefined {
    if (onApproval === undefined) return undefined
    const ownMs = registry.get(tool)?.declaration.timeoutMs
    return { onApproval, timeoutMs: ownMs ?? toolTimeoutMs ?? defaultRequestLimits.toolTimeoutMs }
  }
}
