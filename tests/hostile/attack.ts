import type { ExecuteOptions } from '@codemode/client'

/** A piece of hostile code and what it must come to. */
export interface Attack {
  readonly title: string
  readonly code: string
  /** The value, compared as a whole, or what the error must hold: its code at least. */
  readonly ends: { readonly result: unknown } | { readonly error: Record<string, unknown> }
  readonly options?: ExecuteOptions
}

/** An attack that gets nothing for its trouble but this value. */
export const returns = (title: string, result: unknown, code: string, options?: ExecuteOptions): Attack => ({
  title,
  code,
  ends: { result },
  ...(options && { options }),
})

/** An attack that ends with this error. */
export const fails = (
  title: string,
  error: { readonly code: string; readonly [field: string]: unknown },
  code: string,
  options?: ExecuteOptions,
): Attack => ({ title, code, ends: { error }, ...(options && { options }) })
