import { RequestError, type RequestLimits } from '@codemode/shared'

import type { Submission } from '../engine.ts'
import type { AttachedSession } from './attached-session.ts'

/** Returns the request of a step with what is the session's: context and configuration. */
export function stepOf({ facts }: AttachedSession, submission: Submission): Submission {
  const { context, config } = facts
  return { ...submission, request: { ...submission.request, context, config } }
}

/** Returns the limits that a step asks for, with the memory limit of the session. Throws for one of its own. */
export function limitsOfStep({ facts }: AttachedSession, limits: RequestLimits = {}): RequestLimits {
  const { memoryLimitMb } = facts
  if (limits.memoryLimitMb !== undefined && limits.memoryLimitMb !== memoryLimitMb) {
    throw new RequestError('INVALID_REQUEST', 'limits.memoryLimitMb is an option of the session, not of a step.', {
      details: { path: 'limits.memoryLimitMb' },
      suggestion: 'Create the session with memoryLimitMb.',
    })
  }
  return memoryLimitMb === undefined ? limits : { ...limits, memoryLimitMb }
}
