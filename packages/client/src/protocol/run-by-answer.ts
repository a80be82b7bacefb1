import type { ExecutionResult } from '@codemode/shared'

import type { ExecutionsApi, ExecutionScope } from './executions-api.ts'
import { canBeSettled, settle } from './settle.ts'

/** Runs an execution with a single response, which comes when it has ended. */
export async function runByAnswer(body: string, scope: ExecutionScope, api: ExecutionsApi): Promise<ExecutionResult> {
  try {
    return await api.run(body, scope)
  } catch (error) {
    if (scope.signal.aborted || !canBeSettled(error)) throw error
    return await settle(api, scope, error)
  }
}
