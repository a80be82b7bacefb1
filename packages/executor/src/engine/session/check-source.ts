import type { ExecutionFailure, JournalHeader } from '@codemode/shared'

import { checkSource } from '../../sandbox/check-source.ts'
import type { Placement, Sandbox } from '../../sandbox/sandbox.ts'
import { outcomeOfGuestEnd } from '../state/outcome.ts'

/** Limits of the check. A check that does not end within them finds nothing; the step itself reports the error then. */
const options = { cpuMs: 2_000, expectedSlowdown: 1, wallMs: 10_000, maxWaitMs: 10_000 }

/** Resolves with the syntax error of a step's code, so that it is known before the step's turn; undefined without one. */
export async function syntaxErrorOf(
  sandbox: Pick<Sandbox, 'placeGuest'>,
  placement: Placement,
  { code, limits, executionId }: JournalHeader,
): Promise<ExecutionFailure | undefined> {
  const checked = await checkSource(sandbox, { code, limits, placement, options })
  if (checked.type !== 'refused') return undefined
  const end = outcomeOfGuestEnd(checked.error, executionId)
  return end.status === 'completed' ? undefined : end.error
}
