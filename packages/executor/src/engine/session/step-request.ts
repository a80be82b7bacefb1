import { RequestError, type RequestLimits } from '@codemode/shared'

import type { SessionFacts } from '../../store/session-store.ts'
import type { Submission } from '../engine.ts'

/**
 * Returns the request of a step with what is the session's: context, configuration and memory limit. Throws `RequestError`
 * for another memory limit.
 */
export function stepOf(facts: SessionFacts, submission: Submission): Submission {
  const { request } = submission
  const { context, config } = facts
  return { ...submission, request: { ...request, context, config, limits: limitsOfStep(facts, request.limits) } }
}

function limitsOfStep({ memoryLimitMb }: SessionFacts, limits: RequestLimits = {}): RequestLimits {
  if (limits.memoryLimitMb !== undefined && limits.memoryLimitMb !== memoryLimitMb) {
    throw new RequestError('INVALID_REQUEST', 'limits.memoryLimitMb is an option of the session, not of a step.', {
      details: { path: 'limits.memoryLimitMb' },
      suggestion: 'Create the session with memoryLimitMb.',
    })
  }
  return memoryLimitMb === undefined ? limits : { ...limits, memoryLimitMb }
}
