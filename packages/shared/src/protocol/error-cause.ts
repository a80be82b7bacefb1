import { z } from 'zod'

/** Limits of the causes and inner errors that are sent with a failure. */
export const causeLimits = {
  /** Maximum depth of causes and inner errors below the failure. */
  depth: 5,
  /** Maximum number of errors; the last entry of a longer `errors` list says how many are left out. */
  errors: 64,
  /** Maximum length of one message, in UTF-16 units. */
  messageLength: 2_048,
  /** Maximum length of all names, messages and stacks together, in UTF-16 units. */
  totalLength: 32_768,
} as const

/**
 * Error behind a failure: its `cause`, or an inner error of an AggregateError. Declared by hand, because TypeScript
 * infers no recursive type.
 */
export interface ErrorCause {
  /** Name of the error, such as `TypeError`. */
  readonly name: string
  /** Message of the error; the value as text if it is not an error. */
  readonly message: string
  /** Code of the error as text, if it has one. */
  readonly code?: string | undefined
  /** Name of the tool whose call failed with this error. */
  readonly tool?: string | undefined
  /** Number of the failed call, from 1. */
  readonly call?: number | undefined
  /** Whether the failed call, unchanged, may succeed later. */
  readonly retryable?: boolean | undefined
  /** Stack of the error, with line numbers of the guest code. */
  readonly guestStack?: string | undefined
  /** Cause of the error. */
  readonly cause?: ErrorCause | undefined
  /** Inner errors of an AggregateError. */
  readonly errors?: readonly ErrorCause[] | undefined
}

const innerCauseSchema: z.ZodType<ErrorCause> = z
  .object({
    name: z.string().meta({ description: 'Name of the error, such as `TypeError`' }),
    message: z.string().meta({ description: 'Message of the error; the value as text if it is not an error' }),
    code: z.string().optional(),
    tool: z.string().optional().meta({ description: 'Name of the tool whose call failed with this error' }),
    call: z.int().optional().meta({ description: 'Number of the failed call, counted from 1' }),
    retryable: z.boolean().optional(),
    guestStack: z.string().optional().meta({ description: 'Stack of the error, with line numbers of the guest code' }),
    get cause() {
      return innerCauseSchema.optional()
    },
    get errors() {
      return z.array(innerCauseSchema).optional()
    },
  })
  .meta({ id: 'ErrorCause' })

/** Schema of an ErrorCause. It drops errors beyond `causeLimits` and does not walk a hostile value beyond them. */
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
