import type { Json, JsonObject } from '@codemode/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'

import { ConfigurationError } from '../errors/configuration-error.ts'

/** What a handler is told of the call that it serves. */
export interface ToolCall {
  /** The execution whose code calls. */
  readonly executionId: string
  /** The same for a repeated delivery of the same call: use it as an idempotency key across restarts. */
  readonly callId: string
  /** The context of the execution, which the code can read and cannot change. */
  readonly context: Context
  /** The id that client, executor, tool calls and logs share. */
  readonly correlationId: string
  /** When the call times out; later answers are of no use. */
  readonly deadline: Date
  /** Aborts at once when the call is cancelled, its execution ends, the deadline passes, or the client closes. */
  readonly signal: AbortSignal
}

/** Facts about the caller, such as `{ clientId: 'c1' }`: readable by the code and by every tool handler. */
export type Context = { readonly [key: string]: Json }

/** A Standard Schema (zod, valibot, arktype, …) or a plain JSON Schema. */
export type ToolSchema = StandardSchemaV1 | JsonObject

type ValueIn<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : ToolInput
type ValueOut<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : unknown

/** A handler without a schema says itself what it takes; `unknown` would refuse every annotation. */
// oxlint-disable-next-line typescript/no-explicit-any
export type ToolInput = any

/** A function that serves calls; it may be async. */
export type ToolHandler<Input = ToolInput, Output = unknown> = (
  input: Input,
  call: ToolCall,
) => Output | Promise<Output>

/** What a tool says of itself besides its handler. */
export interface ToolProperties<In = ToolSchema, Out = ToolSchema> {
  /** What the model is told. */
  readonly description?: string | undefined
  /** Checked before the handler runs, which gets what the schema made of the input. */
  readonly inputSchema?: In | undefined
  /** Checked after the handler ran. */
  readonly outputSchema?: Out | undefined
  /** How long one call may take, retries included; the execution's `toolTimeoutMs` by default. */
  readonly timeoutMs?: number | undefined
  /** Whether a person must approve each call. */
  readonly requiresApproval?: boolean | undefined
}

/** A tool as an object, with its handler as `execute`, `runAsync` or `run`; the first that there is serves. */
export interface Tool extends ToolProperties {
  /** Serves the calls. */
  readonly execute?: ToolHandler | undefined
  /** Serves the calls, if there is no `execute`. */
  readonly runAsync?: ToolHandler | undefined
  /** Serves the calls, if there is neither `execute` nor `runAsync`. */
  readonly run?: ToolHandler | undefined
}

/** Whatever can be registered as a tool. */
export type ToolLike = Tool | ToolHandler

interface ToolDefinition<In, Out> extends ToolProperties<In, Out> {
  readonly execute?: ToolHandler<ValueIn<In>, ValueOut<Out>> | undefined
  readonly runAsync?: ToolHandler<ValueIn<In>, ValueOut<Out>> | undefined
  readonly run?: ToolHandler<ValueIn<In>, ValueOut<Out>> | undefined
}

/**
 * Defines a tool; its handler's types follow from the schemas.
 *
 * @example
 * import { tool } from '@codemode/client'
 * import { z } from 'zod'
 *
 * const weather = tool({
 *   description: 'The weather in a city',
 *   inputSchema: z.object({ city: z.string() }),
 *   execute: async ({ city }, { signal }) => (await fetch(`https://weather.example/${city}`, { signal })).json(),
 * })
 */
export function tool<In extends ToolSchema = JsonObject, Out extends ToolSchema = JsonObject>(
  definition: ToolDefinition<In, Out>,
): Tool {
  return definition
}

/** The handler of whatever was registered, bound to its object. */
export function handlerOf(name: string, tool: ToolLike): ToolHandler {
  if (typeof tool === 'function') return tool
  for (const method of ['execute', 'runAsync', 'run'] as const) {
    if (typeof tool?.[method] === 'function') return (input, call) => tool[method]!(input, call)
  }
  throw new ConfigurationError(
    `The tool ${JSON.stringify(name)} has no handler: it is neither a function nor an object with execute, run or runAsync.`,
    `codemode.registerTool(${JSON.stringify(name)}, tool({ execute: async (input) => … }))`,
  )
}
