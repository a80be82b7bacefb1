import {
  defaultRequestLimits,
  fixedLimits,
  newCorrelationId,
  newExecutionId,
  type ExecutionRequest,
} from '@codemode/shared'

import type { OnApproval } from '../approvals/ask-client.ts'
import { resolveTimeouts } from '../config/timeouts.ts'
import type { ResolvedConfig } from '../config/schema.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { parseOptions, type ExecuteOptions } from './execute-options.ts'
import type { Context } from '../tools/define.ts'
import { contextFrom, jsonOf, jsonObjectOf } from './request-json.ts'
import { sentDeclaration } from '../tools/prepare-tool.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { discoveryDeclarations } from '../prompt/discovery/discovery-tools.ts'

/** Checked request of one execution, with the options of the client's side. */
export interface Plan {
  readonly request: ExecutionRequest & { readonly id: string }
  readonly correlationId: string
  readonly requestTimeoutMs: number
  /** Milliseconds that the execution may wait in the queues of client and executor together. */
  readonly queueTimeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Function of the client that decides about approvals; undefined if the executor asks for them. */
  readonly onApproval: OnApproval | undefined
}

interface OptionsScope {
  readonly config: ResolvedConfig
  readonly registry: ToolRegistry
  readonly context: Context
}

/** Checked options of executions: all of their plans but the code and the ids. */
export interface CheckedOptions extends Pick<Plan, 'requestTimeoutMs' | 'queueTimeoutMs' | 'signal' | 'onApproval'> {
  readonly request: Omit<ExecutionRequest, 'id' | 'code'>
  /** Correlation id of the options; undefined if each execution gets a new one. */
  readonly correlationId: string | undefined
  readonly correlationIdPrefix: string | undefined
}

/** Checks everything about the options of executions that can be checked without the executor. */
export function checkOptions(given: ExecuteOptions, { config, registry, context }: OptionsScope): CheckedOptions {
  const options = parseOptions(given)
  const { limits, requestTimeoutMs } = resolveTimeouts(config, options)
  const queueTimeoutMs = limits.queueTimeoutMs ?? defaultRequestLimits.queueTimeoutMs
  const callable = registry.select(options.availableTools).map(({ declaration }) => sentDeclaration(declaration))
  const tools = callable.length === 0 ? [] : [...callable, ...discoveryDeclarations]
  // Always a new object, so that no execution shares its context with the client or another execution.
  const wholeContext = { ...context, ...(options.context && contextFrom(options.context)) }
  const { label, priority, signal, correlationId } = options
  const needsApproval = tools.some(({ requiresApproval }) => requiresApproval !== undefined)
  const onApproval = needsApproval ? (options.onApproval ?? config.onApproval) : undefined
  const request = {
    ...(options.input !== undefined && { input: jsonOf('input', options.input) }),
    ...(Object.keys(wholeContext).length > 0 && { context: contextFrom(wholeContext) }),
    ...(options.config !== undefined && { config: jsonObjectOf('config', options.config) }),
    ...(label !== undefined && { label }),
    ...(priority !== undefined && { priority }),
    ...(tools.length > 0 && { tools }),
    ...(onApproval && { approvals: 'client' as const }),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
  const { correlationIdPrefix } = config
  return { request, correlationId, correlationIdPrefix, requestTimeoutMs, queueTimeoutMs, signal, onApproval }
}

/**
 * Returns the plan of one execution of the code, with a new id by default. Throws if the code is not a string or is too
 * large.
 */
export function planExecution(code: string, options: CheckedOptions, id: string = newExecutionId()): Plan {
  const { request, requestTimeoutMs, queueTimeoutMs, signal, onApproval } = options
  const correlationId = options.correlationId ?? newCorrelationId(options.correlationIdPrefix)
  checkCode(code, { executionId: id, correlationId })
  return { request: { id, code, ...request }, correlationId, requestTimeoutMs, queueTimeoutMs, signal, onApproval }
}

function checkCode(code: string, ids: { executionId: string; correlationId: string }): void {
  if (typeof code !== 'string') {
    throw new ConfigurationError(
      `The code must be a string; it is of type ${typeof code}.`,
      "codemode.executeAsync('return 2 + 2')",
    )
  }
  const sizeBytes = Buffer.byteLength(code)
  const limitBytes = fixedLimits.sourceBytes
  if (sizeBytes <= limitBytes) return
  throw new ExecutorClientError(
    'PAYLOAD_TOO_LARGE',
    `The code is ${sizeBytes} bytes; the limit is ${limitBytes} bytes.`,
    {
      ...ids,
      details: { sizeBytes, limitBytes },
      suggestion: 'Pass data in the option input instead of writing it into the code.',
    },
  )
}
