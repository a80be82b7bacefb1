import { RequestError, type ExecutionFailure } from '@codemode/shared'

import { reachedBound, type LeasedStep, type SessionBounds } from '../../store/session-store.ts'
import { notAdmitted } from '../runner/failures.ts'

/** Bounds of one session. Its state is rebuilt from all of its steps, so each of them bounds the time that this takes. */
export const sessionBounds: SessionBounds = { steps: 1_000, journalBytes: 64 * 1024 * 1024, replayCpuMs: 60_000 }

const { steps, journalBytes, replayCpuMs } = sessionBounds

const texts: Record<keyof SessionBounds, string> = {
  steps: `${steps} steps`,
  journalBytes: `journals of ${journalBytes} bytes`,
  replayCpuMs: `steps that used ${replayCpuMs} ms of CPU time`,
}

/** Returns the refusal of a step by a session that has reached a bound. */
export function sessionFull(id: string, bound: keyof SessionBounds): RequestError {
  return new RequestError('SESSION_FULL', `The session ${id} has ${texts[bound]}, which is the limit`, {
    suggestion:
      'Reset the session, fork it at an earlier step, or create a new session with the values that you need as context.',
  })
}

/**
 * Returns the failure of a step that was accepted before the steps whose state it starts from have reached a bound; undefined
 * if they have not. Any number of steps can wait, and a node must be able to rebuild the state of each.
 */
export function refusalOfStep({
  session,
  rebuild,
}: Pick<LeasedStep, 'session' | 'rebuild'>): ExecutionFailure | undefined {
  const bound = reachedBound(rebuild, sessionBounds)
  return bound && notAdmitted(sessionFull(session, bound))
}
