/** Checks whether code can run in a worker thread while the calling thread blocks. Refusals say what to do instead. */
import process from 'node:process'

import { writtenOptions } from '../config/options.ts'
import { connectedSchema, type ClientConfig, type ResolvedConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { parseOptions, type ExecuteOptions } from '../run/execute-options.ts'
import { planExecutions } from '../run/plan.ts'
import { cancelled } from '../protocol/run-lifetime.ts'
import type { Context } from '../tools/define.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import type { ToolsModule } from '../tools/tools-module.ts'
import type { Job } from './messages.ts'

export interface BlockingJob {
  readonly job: Job
  readonly correlationId: string
  readonly requestTimeoutMs: number
}

interface Scope {
  readonly config: ResolvedConfig
  readonly registry: ToolRegistry
  readonly context: Context
  /** Module whose tools the worker thread has as well. */
  readonly toolsModule: ToolsModule | undefined
  /** Number of executions of the client that are under way in the calling event loop. */
  readonly underWay: number
}

const instead = 'await codemode.executeAsync(code)'

/**
 * Returns the configuration for the worker thread's client. It has no tool server: its tools are called over the event
 * stream. A custom logger lives in the blocked event loop, so the worker logs nothing if there is one.
 */
export function threadConfig(config: ResolvedConfig): ClientConfig {
  if ('executor' in config) {
    throw new ConfigurationError(
      "execute() can't use the executor of this client: it lives in the blocked loop.",
      instead,
    )
  }
  const { toolServer: _, ...options } = writtenOptions(connectedSchema, config)
  const written = options as unknown as ClientConfig
  return config.logger === undefined ? written : { ...written, logLevel: 'silent' }
}

/** Checks code and options as `run` does before it sends, and refuses what a blocked event loop would stall. */
export function prepareJob(code: string, given: ExecuteOptions, scope: Scope): BlockingJob {
  const { signal, availableTools, ...options } = parseOptions(given)
  const plan = planExecutions({ ...options, availableTools: [] }, scope)(code)
  const { request, correlationId, requestTimeoutMs } = plan
  if (signal?.aborted) throw cancelled(signal.reason, { executionId: request.id, correlationId })
  if (signal !== undefined) refuse("A signal can't abort an execute() that blocks the loop.", '(code, { signal })')
  refuseTools(availableTools, scope)
  refuseBusyLoop(scope)
  const { input, context, config } = request
  const sent = { ...options, input, context, config, correlationId, availableTools }
  const set = Object.entries(sent).filter(([, value]) => value !== undefined)
  return { job: { code, options: Object.fromEntries(set) }, correlationId, requestTimeoutMs }
}

function refuseTools(availableTools: readonly string[] | undefined, { registry, toolsModule }: Scope): void {
  const isAllowed = ({ name, declaration }: { name: string; declaration: { name: string } }): boolean =>
    availableTools === undefined || availableTools.includes(name) || availableTools.includes(declaration.name)
  const stuck = registry.select(undefined).filter((tool) => isAllowed(tool) && toolsModule?.has(tool) !== true)
  if (stuck.length === 0) return
  const names = stuck.map(({ name }) => name).join(', ')
  throw new ConfigurationError(
    `execute() blocks the loop that would have to answer the calls of these tools: ${names}.`,
    `${instead}\n\n// or with the tools in a module, which execute() loads into its thread:\n` +
      `Codemode.fromClientConfig({ …, toolsModule: './tools.js' })\n\n// or without them:\n` +
      `codemode.execute(code, { availableTools: [] })`,
  )
}

function refuseBusyLoop({ underWay }: Scope): void {
  if (underWay > 0) refuse(`execute() would stall the ${underWay} executions that this client has under way.`)
  const isServing = process.getActiveResourcesInfo().includes('TCPServerWrap')
  if (isServing) refuse('execute() would stall the server that this process listens with.')
}

function refuse(problem: string, args = '(code)'): never {
  throw new ConfigurationError(problem, `await codemode.executeAsync${args}`)
}
