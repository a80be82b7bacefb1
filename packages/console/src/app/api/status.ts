// Written here as well as in @codemode/shared, whose schemas would bring zod into the script of the page.
import type { ExecutionStatus } from '@codemode/shared'

/** Returns whether an execution with this status has ended. */
export const isFinal = (status: ExecutionStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'

/** Statuses of executions that have not ended. */
export const inFlight = [
  'queued',
  'running',
  'waiting',
  'paused',
  'needs_attention',
] as const satisfies ExecutionStatus[]
