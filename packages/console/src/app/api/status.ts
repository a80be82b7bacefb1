import type { ExecutionStatus } from '@codemode/shared'

/** Returns whether an execution with this status has ended. */
export const isFinal = (status: ExecutionStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'
