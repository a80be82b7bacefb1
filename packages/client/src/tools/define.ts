import type { Json, JsonObject } from '@codemode/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { DeferredAnswer } from './deferral.ts'

/** Facts about a call, for the handler that serves it. */
export interface ToolCall {
  /** Id of the execution whose code calls. */
  readonly executionId: string
  /** Id of the call, equal in repeated deliveries of it: use it as an idempotency key across restarts. */
  readonly callId: string
  /** Context of the execution, which the code can read and can't change. */
  readonly context: Context
  /** Id that client, executor, tool calls and logs share. */
  readonly correlationId: string
  /** Time at which the call times out; later answers are ignored. */
  readonly deadline: Date
  /**
   * Signal that aborts at once when the call is cancelled, its execution ends, the deadline passes, or the client
   * closes.
   */
  readonly signal: AbortSignal
  /**
   * Returns a marker that the handler returns in place of an output, to answer the call later, from any process, with
   * `codemode.answerToolCall(callId, …)`. If the handler returns anything else, that is its output.
   */
  defer(this: void): DeferredAnswer
}

/** Facts about a call before its approval. */
export type ApprovalCall = Omit<ToolCall, 'defer'>

/**
 * Function by which a tool decides whether a call needs an approval, with the reason for the person who decides. It gets the
 * checked input. If it throws or returns another value, the call fails.
 */
export type ApprovalRule<Input = ToolInput> = (
  input: Input,
  call: ApprovalCall,
) => boolean | { readonly reason: string } | Promise<boolean | { readonly reason: string }>

/** Facts about the caller, such as `{ clientId: 'c1' }`: readable by the code and by every tool handler. */
export type Context = { readonly [key: string]: Json }

/** Standard Schema (zod, valibot, arktype, …) or plain JSON Schema. */
export type ToolSchema = StandardSchemaV1 | JsonObject | JsonSchemaLike

/** JSON Schema whose type is an interface, or that is `as const`. */
interface JsonSchemaLike {
  readonly type?: unknown
  readonly properties?: unknown
  readonly $ref?: unknown
  readonly allOf?: unknown
  readonly anyOf?: unknown
  readonly oneOf?: unknown
}

type ValueIn<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : ToolInput
type ValueOut<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : unknown

/** Input of a handler without a schema, which declares its own type; `unknown` would refuse every annotation. */
// oxlint-disable-next-line typescript/no-explicit-any
export type ToolInput = any

/** Function that serves calls; it may be async. It returns its output, or `call.defer()`. */
export type ToolHandler<Input = ToolInput, Output = unknown> = (
  input: Input,
  call: ToolCall,
) => Output | DeferredAnswer | Promise<Output | DeferredAnswer>

/** Statements of a tool's author about its effects, for models and for rules of approval. Nothing enforces them. */
export interface ToolAnnotations {
  /** Whether a call changes nothing. */
  readonly readOnly?: boolean | undefined
  /** Whether a call may delete or overwrite something. */
  readonly destructive?: boolean | undefined
  /** Whether a repeated call with the same input has no further effect. */
  readonly idempotent?: boolean | undefined
}

/** Properties of a tool besides its handler. */
export interface ToolProperties<In = ToolSchema, Out = ToolSchema> {
  /** Description for the model. */
  readonly description?: string | undefined
  /**
   * Schema by which the input is checked before the handler runs. The handler gets the value that the schema returns.
   */
  readonly inputSchema?: In | undefined
  /** Schema by which the output is checked after the handler has run. */
  readonly outputSchema?: Out | undefined
  /** Statements about the effects of a call. */
  readonly annotations?: ToolAnnotations | undefined
  /** Milliseconds that one call may take, retries included; the execution's `toolTimeoutMs` by default. */
  readonly timeoutMs?: number | undefined
  /** Whether each call needs an approval before the handler runs, or a function that decides that for each call. */
  readonly requiresApproval?: boolean | ApprovalRule | undefined
  /** Milliseconds after which an approval that is not decided expires, up to 30 days; none by default. */
  readonly approvalTimeoutMs?: number | undefined
  /** Milliseconds within which a deferred answer must arrive, up to 30 days; none by default. */
  readonly deferTimeoutMs?: number | undefined
}

/** Tool as an object, with its handler as `execute`, `runAsync` or `run`, of which the first that exists is used. */
export interface Tool extends ToolProperties {
  /** Handler of the calls. */
  readonly execute?: ToolHandler | undefined
  /** Handler of the calls, if there is no `execute`. */
  readonly runAsync?: ToolHandler | undefined
  /** Handler of the calls, if there is neither `execute` nor `runAsync`. */
  readonly run?: ToolHandler | undefined
}

/** Value that can be registered as a tool. */
export type ToolLike = Tool | ToolHandler

interface ToolDefinition<In, Out> extends Omit<ToolProperties<In, Out>, 'requiresApproval'> {
  readonly requiresApproval?: boolean | ApprovalRule<ValueIn<In>> | undefined
  readonly execute?: ToolHandler<ValueIn<In>, ValueOut<Out>> | undefined
  readonly runAsync?: ToolHandler<ValueIn<In>, ValueOut<Out>> | undefined
  readonly run?: ToolHandler<ValueIn<In>, ValueOut<Out>> | undefined
}

/**
 * Defines a tool, and infers the types of its handler from the schemas.
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

/** Returns the handler of a tool, bound to its object. Throws a ConfigurationError if it has none. */
export function handlerOf(name: string, tool: ToolLike): ToolHandler {
  if (typeof tool === 'function') return plainFunction(name, tool)
  for (const method of ['execute', 'runAsync', 'run'] as const) {
    const own: unknown = tool?.[method]
    if (typeof own !== 'function') continue
    refuseGenerator(name, own)
    return (input, call) => tool[method]!(input, call)
  }
  throw new ConfigurationError(
    `The tool '${name}' has no handler: it is ${describe(tool)}, and neither a function nor an object with execute, run or runAsync.`,
    `codemode.registerTool('${name}', tool({ execute: async (input) => … }))`,
  )
}

/** Returns a function that can be called. Throws a ConfigurationError for a class, which only `new` can call. */
function plainFunction(name: string, handler: ToolHandler): ToolHandler {
  refuseGenerator(name, handler)
  if (!/^class\b/.test(Function.prototype.toString.call(handler))) return handler
  throw new ConfigurationError(
    `The tool '${name}' is a class; a tool is a function or an object.`,
    `codemode.registerTool('${name}', new ${handler.name || 'Tool'}())`,
  )
}

/** Throws a ConfigurationError for a generator: its output is an iterator, which JSON can't hold. */
function refuseGenerator(name: string, handler: object): void {
  if (!/^(?:Async)?GeneratorFunction$/.test(Object.prototype.toString.call(handler).slice(8, -1))) return
  throw new ConfigurationError(
    `The handler of the tool '${name}' is a generator, and a call has one output.`,
    `codemode.registerTool('${name}', tool({ execute: async (input) => … }))`,
  )
}

function describe(tool: unknown): string {
  if (typeof tool !== 'object' || tool === null) return tool === null ? 'null' : `of type ${typeof tool}`
  if (Array.isArray(tool)) return 'an array'
  return tool instanceof Promise ? 'a promise (an await is missing)' : 'an object'
}
