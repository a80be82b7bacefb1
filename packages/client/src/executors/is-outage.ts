import { CancelledError } from '../errors/cancelled-error.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'

/** Whether a run was rejected because its request or its executor failed, and not cancelled or set up wrongly. */
export function isOutage(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true) return false
  return !(error instanceof CancelledError || error instanceof ConfigurationError)
}
