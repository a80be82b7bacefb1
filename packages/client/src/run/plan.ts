import {
  defaultRequestLimits,
  fixedLimits,
  newCorrelationId,
  newExecutionId,
  type ExecutionRequest,
} from '@codemode/shared'

import { resolveTimeouts } from '../config/timeouts.ts'
import type { ResolvedConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { parseOptions, type ExecuteOptions } from './execute-options.ts'
import type { Context } from '../tools/define.ts'
import { contextFrom, jsonOf, jsonObjectOf } from './request-json.ts'
import type { ToolRegistry } from '../tools/registry.ts'

/** Checked request of one execution, with the options of the client's side. */
export interface Plan {
  readonly request: ExecutionRequest & { readonly id: string }
  readonly correlationId: string
  readonly requestTimeoutMs: number
  /** Milliseconds that the execution may wait in the queues of client and executor together. */
  readonly queueTimeoutMs: number
  readonly signal: AbortSignal | undefined
}

interface PlanScope {
  readonly config: ResolvedConfig
  readonly registry: ToolRegistry
  readonly context: Context
}

/**
 * Checks everything about the options that can be checked without the executor. Returns a function that makes the plan
 * for a code.
 */
export function planExecutions(
  given: ExecuteOptions,
  { config, registry, context }: PlanScope,
): (code: string) => Plan {
  const options = parseOptions(given)
  const { limits, requestTimeoutMs } = resolveTimeouts(config, options)
  const queueTimeoutMs = limits.queueTimeoutMs ?? defaultRequestLimits.queueTimeoutMs
  const tools = registry.select(options.availableTools).map(({ declaration }) => declaration)
  // Always a new object, so that no execution shares its context with the client or another execution.
  const wholeContext = { ...context, ...(options.context && contextFrom(options.context)) }
  const { label, priority, signal } = options
  const common = {
    ...(options.input !== undefined && { input: jsonOf('input', options.input) }),
    ...(Object.keys(wholeContext).length > 0 && { context: contextFrom(wholeContext) }),
    ...(options.config !== undefined && { config: jsonObjectOf('config', options.config) }),
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
