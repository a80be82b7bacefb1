import type { ExecutionStatus, Json } from '@codemode/shared'

import type { EndedExecution } from '../run/execution-result.ts'
import type { AddedStep } from './session-steps.ts'

/** State of a step, as far as this client knows it. */
export interface TaskStatus<T = Json> {
  /** Id of the step's execution. */
  readonly executionId: string
  /** `queued` until the step runs, then `running` or `waiting`, or final. */
  readonly status: ExecutionStatus
  /** Result of a step that has ended; a request that failed is a failed result. Undefined otherwise. */
  readonly result: EndedExecution<T> | undefined
}

/** Returns the state of a step. */
export function taskStatusOf({ run, ended }: AddedStep): TaskStatus {
  return { executionId: run.plan.request.id, status: run.state.status, result: ended }
}
