import type { Codemode } from '../../codemode.ts'
import type { ExecutionResult } from '../../run/execution-result.ts'
import type { StepOptions } from '../../sessions/session-options.ts'

/** Value of `sessionId` that starts a session. */
export const newSession = 'new'

/** Result of a step with the id of its session. */
export interface StepOutcome {
  readonly sessionId: string
  readonly result: ExecutionResult
}

/**
 * Runs code as a step of a session, or of a new one. Resolves with undefined, and runs nothing, if the executor does not have the
 * session, whose variables the code may need, or the session is durable: a step of it could wait for an approval.
 */
export async function runStep(
  codemode: Codemode,
  sessionId: string,
  { code, ...options }: Omit<StepOptions, 'wait'> & { readonly code: string },
): Promise<StepOutcome | undefined> {
  await using session = await codemode.session(sessionId === newSession ? {} : { id: sessionId })
  if (sessionId !== newSession && (session.isNew || session.isDurable)) {
    if (session.isNew) await session.close()
    return undefined
  }
  const step = await session.addStep(code, { ...options, onApproval: rejectInSession, wait: false })
  return { sessionId: session.id, result: await step.wait() }
}

/** Rejects a call that needs an approval, because a step can't wait until a person has decided. */
const rejectInSession = () => ({
  reject: 'Calls that need an approval can not be made in a session. Send this code without a sessionId.',
})
