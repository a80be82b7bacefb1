/** Checks whether code can run in a worker thread while the calling thread blocks. Refusals say what to do instead. */
import process from 'node:process'

import { writtenOptions } from '../config/options.ts'
import { connectedSchema, type ClientConfig, type ResolvedConfig } from '../config/schema.ts'
import { cancelledBy } from '../errors/cancelled-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { traceHeaders } from '../insight/telemetry.ts'
import { parseOptions, type ExecuteOptions } from '../run/execute-options.ts'
import { checkOptions, planExecution } from '../run/plan.ts'
import type { Context } from '../tools/define.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import type { ToolsModule } from '../tools/tools-module.ts'
import type { Job } from './worker-messages.ts'

export interface BlockingJob {
  readonly job: Job
  readonly correlationId: string
  readonly requestTimeoutMs: number
}

interface JobScope {
  readonly config: ResolvedConfig
  /** Tools of the view. */
  readonly registry: ToolRegistry
  /** Module whose tools the worker thread has as well. */
  readonly module: ToolsModule | undefined
  readonly context: Context
  /** Number of executions of the client that are under way in the calling event loop. */
  readonly runningCount: number
}

const asyncCall = 'await codemode.executeAsync(code)'

/**
 * Returns the configuration for the worker thread's client. It has no tool server: its tools are called over the event
 * stream. A custom logger belongs to the blocked event loop, so the worker logs nothing if there is one.
 */
export function workerConfig(config: ResolvedConfig): ClientConfig {
  if ('executor' in config) {
    throw new ConfigurationError(
      "execute() can't use the option executor: the executor needs the event loop, which execute() blocks.",
      asyncCall,
    )
  }
  const { toolServer: _, ...options } = writtenOptions(connectedSchema, config)
  const written = options as unknown as ClientConfig
  return config.logger === undefined ? written : { ...written, logLevel: 'silent' }
}

/** Checks code and options as `run` does before it sends, and refuses what a blocked event loop would block. */
export function prepareJob(code: string, given: ExecuteOptions, scope: JobScope): BlockingJob {
  const { signal, availableTools, onApproval, ...options } = parseOptions(given)
  const { config: clientConfig, registry, context: viewContext } = scope
  const optionsScope = { config: clientConfig, registry, context: viewContext }
  const checked = checkOptions({ ...options, availableTools: [] }, optionsScope)
  const { request, correlationId, requestTimeoutMs } = planExecution(code, checked)
  if (signal?.aborted) throw cancelledBy(signal.reason, { executionId: request.id, correlationId })
  if (signal !== undefined)
    refuse(
      "execute() can't use the option signal: no signal aborts while it blocks the event loop.",
      '(code, { signal })',
    )
  if (onApproval !== undefined)
    refuse(
      "execute() can't use the option onApproval: the function can't run while execute() blocks the event loop.",
      '(code, { onApproval })',
    )
  refuseTools(availableTools, scope)
  refuseBlockedWork(scope)
  const { input, context, config } = request
  const sent = { ...options, input, context, config, correlationId, availableTools }
  const set = Object.entries(sent).filter(([, value]) => value !== undefined)
  const job = { code, options: Object.fromEntries(set), trace: traceHeaders() }
  return { job, correlationId, requestTimeoutMs }
}

function refuseTools(availableTools: readonly string[] | undefined, { registry, module }: JobScope): void {
  const isAllowed = ({ name, declaration }: { name: string; declaration: { name: string } }): boolean =>
    availableTools === undefined || availableTools.includes(name) || availableTools.includes(declaration.name)
  const blocked = registry.select(undefined).filter((tool) => isAllowed(tool) && module?.has(tool) !== true)
  if (blocked.length === 0) return
  const names = blocked.map(({ name }) => name).join(', ')
  throw new ConfigurationError(
    `execute() blocks the event loop, in which the handlers of these tools would have to run: ${names}.`,
    `${asyncCall}\n\n// or with the tools in a module, which execute() loads into its thread:\n` +
      `Codemode.fromClientConfig({ …, toolsModule: './tools.js' })\n\n// or without them:\n` +
      `codemode.execute(code, { availableTools: [] })`,
  )
}

function refuseBlockedWork({ runningCount }: JobScope): void {
  if (runningCount > 0)
    refuse(`execute() would block the ${runningCount} executions of this client that are under way.`)
  const isServing = process.getActiveResourcesInfo().includes('TCPServerWrap')
  if (isServing) refuse('execute() would block the server that listens in this process.')
}

function refuse(problem: string, args = '(code)'): never {
  throw new ConfigurationError(problem, `await codemode.executeAsync${args}`)
}
