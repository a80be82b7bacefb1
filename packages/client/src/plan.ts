import {
  defaultRequestLimits,
  fixedLimits,
  newCorrelationId,
  newExecutionId,
  type ExecutionRequest,
  type Json,
} from '@codemode/shared'

import { resolveClocks } from './config/clocks.ts'
import type { ResolvedConfig } from './config/schema.ts'
import { ConfigurationError } from './errors/configuration-error.ts'
import { ExecutorClientError } from './errors/executor-client-error.ts'
import { parseOptions, type ExecuteOptions } from './execute-options.ts'
import type { Context } from './tools/define.ts'
import type { ToolRegistry } from './tools/registry.ts'
import { showPath } from './tools/schema.ts'
import { NotJsonError, toJson } from './tools/to-json.ts'

/** One execution, ready to be sent. */
export interface Plan {
  readonly request: ExecutionRequest & { readonly id: string }
  readonly correlationId: string
  readonly requestTimeoutMs: number
  /** How long it may wait for admission, here and at the executor. */
  readonly queueTimeoutMs: number
  readonly signal: AbortSignal | undefined
}

interface PlanScope {
  readonly config: ResolvedConfig
  readonly registry: ToolRegistry
  readonly context: Context
}

/** Checks everything about the options that can be checked without the executor; what it returns plans each code. */
export function planExecutions(
  given: ExecuteOptions,
  { config, registry, context }: PlanScope,
): (code: string) => Plan {
  const options = parseOptions(given)
  const { limits, requestTimeoutMs } = resolveClocks(config, options)
  const queueTimeoutMs = limits.queueTimeoutMs ?? defaultRequestLimits.queueTimeoutMs
  const tools = registry.select(options.availableTools).map(({ declaration }) => declaration)
  const wholeContext = { ...context, ...options.context }
  const { label, priority, signal } = options
  const common = {
    ...(options.input !== undefined && { input: jsonOption('input', options.input) }),
    ...(Object.keys(wholeContext).length > 0 && { context: contextFrom(wholeContext) }),
    ...(options.config !== undefined && { config: jsonOption('config', options.config) as Record<string, Json> }),
    ...(label !== undefined && { label }),
    ...(priority !== undefined && { priority }),
    ...(tools.length > 0 && { tools }),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
  return (code) => {
    const id = newExecutionId()
    const correlationId = options.correlationId ?? newCorrelationId(config.correlationIdPrefix)
    checkCode(code, { executionId: id, correlationId })
    return { request: { id, code, ...common }, correlationId, requestTimeoutMs, queueTimeoutMs, signal }
  }
}

/** A copy of a context that is sure to be JSON and that nobody else changes. */
export function contextFrom(context: Context): Record<string, Json> {
  if (typeof context !== 'object' || context === null || Array.isArray(context)) {
    throw new ConfigurationError(
      `The context is no object of JSON values, but ${Array.isArray(context) ? 'an array' : typeof context}.`,
      "codemode.withContext({ clientId: 'c1' })",
    )
  }
  return jsonOption('context', context) as Record<string, Json>
}

function checkCode(code: string, ids: { executionId: string; correlationId: string }): void {
  if (typeof code !== 'string') {
    throw new ConfigurationError(`The code is a ${typeof code}, not a string.`, "codemode.executeAsync('return 2 + 2')")
  }
  const sizeBytes = Buffer.byteLength(code)
  const limitBytes = fixedLimits.sourceBytes
  if (sizeBytes <= limitBytes) return
  throw new ExecutorClientError('PAYLOAD_TOO_LARGE', `The code has ${sizeBytes} bytes; it may have ${limitBytes}.`, {
    ...ids,
    details: { sizeBytes, limitBytes },
    suggestion: 'Give the code its data as the option input.',
  })
}

function jsonOption(name: 'input' | 'context' | 'config', value: unknown): Json {
  try {
    return toJson(value)
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    const path = showPath(cause.path, name)
    throw new ConfigurationError(
      `${path} ${cause.message}, which JSON can't hold.`,
      `codemode.executeAsync(code, { ${name}: JSON.parse(JSON.stringify(…)) })`,
      { cause },
    )
  }
}
