import { z } from 'zod'

/** Bounds of the errors that are told with a failure. */
export const causeLimits = {
  /** Levels of causes and inner errors below the failure. */
  depth: 5,
  /** Errors in all; the last entry of an `errors` list that is longer counts the rest. */
  errors: 64,
  /** UTF-16 units of one message. */
  messageLength: 2_048,
  /** UTF-16 units of all names, messages and stacks together. */
  totalLength: 32_768,
} as const

/** An error behind a failure: its `cause`, or one of the `errors` of an AggregateError. Written out because it is recursive. */
export interface ErrorCause {
  /** The name of the error, such as `TypeError`. */
  readonly name: string
  /** Its message; of a value that is no error, the value as text. */
  readonly message: string
  /** Its code as text, if it has one. */
  readonly code?: string | undefined
  /** The tool whose call failed with this error. */
  readonly tool?: string | undefined
  /** The number of that call, from 1. */
  readonly call?: number | undefined
  /** Whether that call may succeed later, unchanged. */
  readonly retryable?: boolean | undefined
  /** Its stack in the guest's own line numbers. */
  readonly guestStack?: string | undefined
  /** The cause of the error. */
  readonly cause?: ErrorCause | undefined
  /** The inner errors of an AggregateError. */
  readonly errors?: readonly ErrorCause[] | undefined
}

const innerCauseSchema: z.ZodType<ErrorCause> = z
  .object({
    name: z.string().meta({ description: 'The name of the error, such as `TypeError`' }),
    message: z.string().meta({ description: 'Its message; of a value that is no error, the value as text' }),
    code: z.string().optional(),
    tool: z.string().optional().meta({ description: 'The tool whose call failed with this error' }),
    call: z.int().optional().meta({ description: 'The number of that call, from 1' }),
    retryable: z.boolean().optional(),
    guestStack: z.string().optional().meta({ description: "In the guest's own line numbers" }),
    get cause() {
      return innerCauseSchema.optional()
    },
    get errors() {
      return z.array(innerCauseSchema).optional()
    },
  })
  .meta({ id: 'ErrorCause' })

/** Accepts an ErrorCause and leaves out what exceeds the limits. A hostile value is not walked further than they allow. */
export const errorCauseSchema = z.preprocess((value) => bounded(value, causeLimits.depth), innerCauseSchema)

function bounded(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { cause, errors, ...own } = value as Record<string, unknown>
  if (depth <= 1) return own
  return {
    ...own,
    ...(cause !== undefined && { cause: bounded(cause, depth - 1) }),
    ...(errors !== undefined && {
      errors: Array.isArray(errors)
        ? errors.slice(0, causeLimits.errors + 1).map((each) => bounded(each, depth - 1))
        : errors,
    }),
  }
}
