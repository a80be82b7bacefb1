import type { ExecutionFailure, JournalHeader } from '@codemode/shared'

import type { Placement, Sandbox } from '../../sandbox/sandbox.ts'
import { outcomeOfGuestEnd } from '../state/outcome.ts'

/** Limits of the check. A check that does not end within them finds nothing; the step itself reports the error then. */
const limits = { cpuMs: 2_000, expectedSlowdown: 1, wallMs: 10_000, maxWaitMs: 10_000 }

/** Resolves with the syntax error of a step's code, so that it is known before the step's turn; undefined without one. */
export async function syntaxErrorOf(
  sandbox: Sandbox,
  placement: Placement,
  header: JournalHeader,
): Promise<ExecutionFailure | undefined> {
  const guest = sandbox.placeGuest({ kind: 'check', code: header.code, limits: header.limits }, placement)
  try {
    const outcome = await guest.turn({ kind: 'start', at: 0 }, limits)
    if (outcome.type !== 'turn' || outcome.effects.end === undefined) return undefined
    const end = outcomeOfGuestEnd(outcome.effects.end, header.executionId)
    return end.status === 'completed' ? undefined : end.error
  } finally {
    guest.close()
  }
}
