import { newCorrelationId, newExecutionId, type ExecutionRequest } from '@codemode/shared'

import type { RunOptions } from '../executor.ts'

export interface Identified {
  readonly request: ExecutionRequest & { readonly id: string }
  readonly options: RunOptions & { readonly correlationId: string }
}

/** A run with both of its ids; one that was not given is made up, so that all that is wrapped uses the same. */
export function identified(request: ExecutionRequest, options: RunOptions): Identified {
  return {
    request: { ...request, id: request.id ?? newExecutionId() },
    options: { ...options, correlationId: options.correlationId ?? newCorrelationId() },
  }
}
