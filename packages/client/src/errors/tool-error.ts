import type { Json } from '@codemode/shared'

import { ExecutorClientError } from './executor-client-error.ts'
import { fieldOf, isError, nameOf } from './thrown.ts'

interface ToolErrorOptions {
  /** Code that the guest sees; `TOOL_ERROR` by default. */
  readonly code?: string
  /** JSON value with more information for the guest. */
  readonly data?: Json
  /** Whether the same call may succeed later; false by default. */
  readonly retryable?: boolean
  /** Name of the tool for your own logs; the guest sees the name that it called. */
  readonly tool?: string
  /** Cause of the error, for your own logs; the guest does not get it. */
  readonly cause?: unknown
}

/** Error that a tool's handler throws to fail its call. The guest catches it with the same message, code and data. */
export class ToolError extends ExecutorClientError {
  override readonly name: string = 'ToolError'
  /** Name of the tool, if the error was given one. */
  readonly tool: string | undefined
  /** JSON value with more information for the guest. */
  readonly data: Json | undefined

  constructor(message: string, options: ToolErrorOptions = {}) {
    super(options.code ?? 'TOOL_ERROR', message, { retryable: options.retryable, cause: options.cause })
    this.tool = options.tool
    this.data = options.data
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), tool: this.tool, data: this.data }
  }
}

/** Returns whether a value is a ToolError, of this or of another copy of this package. */
export function isToolError(value: unknown): value is ToolError {
  if (!isError(value)) return false
  const isCopy = nameOf(value) === 'ToolError' && typeof fieldOf(value, 'ambiguous') === 'boolean'
  return value instanceof ToolError || isCopy
}
