import type { Json } from '@codemode/shared'

import { ExecutorClientError } from './executor-client-error.ts'
import { fieldOf, isError, nameOf } from './thrown.ts'

interface ToolErrorOptions {
  /** What the guest sees as `code`; `TOOL_ERROR` by default. */
  readonly code?: string
  /** JSON that tells the guest more. */
  readonly data?: Json
  /** Whether the guest may expect the same call to succeed later; false by default. */
  readonly retryable?: boolean
  /** The name of the tool, for your own logs; the guest sees the name that it called. */
  readonly tool?: string
  /** What led to it, for your own logs; the guest is not told. */
  readonly cause?: unknown
}

/** Thrown by a tool's handler to fail its call: the guest catches it with the same message, code and data. */
export class ToolError extends ExecutorClientError {
  override readonly name: string = 'ToolError'
  /** The name of the tool, if the error was given one. */
  readonly tool: string | undefined
  /** JSON that tells the guest more. */
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

/** Whether a value is a ToolError, also one of another copy of this package, which has the same name and fields. */
export function isToolError(value: unknown): value is ToolError {
  if (!isError(value)) return false
  const isCopy = nameOf(value) === 'ToolError' && typeof fieldOf(value, 'ambiguous') === 'boolean'
  return value instanceof ToolError || isCopy
}
