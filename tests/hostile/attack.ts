import type { ExecuteOptions } from '@codemode/client'

/** Hostile code and its expected outcome. */
export interface Attack {
  readonly title: string
  readonly code: string
  /** Result, compared as a whole, or fields that the error must have: its code at least. */
  readonly ends: { readonly result: unknown } | { readonly error: Record<string, unknown> }
  readonly options?: ExecuteOptions
}

/** Returns an attack that must end with this result. */
export const returns = (title: string, result: unknown, code: string, options?: ExecuteOptions): Attack => ({
  title,
  code,
  ends: { result },
  ...(options && { options }),
})

/** Returns an attack that must end with this error. */
export const fails = (
  title: string,
  error: { readonly code: string; readonly [field: string]: unknown },
  code: string,
  options?: ExecuteOptions,
): Attack => ({ title, code, ends: { error }, ...(options && { options }) })
