import { RequestError, type AmbiguousRefusal, type KnownReading } from '@codemode/shared'

import type { Instance } from '../instance.ts'

interface UnknownExecution {
  readonly executionId: string
  /** Reading that the client knows; undefined for clients that send none, whose requests count as first requests. */
  readonly known: KnownReading | undefined
  /**
   * Clock reading up to which the instance may have forgotten ended executions; `-Infinity` if it has forgotten none.
   */
  readonly forgottenAt: number
}

/**
 * Throws `RequestError` OUTCOME_AMBIGUOUS unless it is certain that no attempt of an unknown execution has run its
 * code.
 *
 * All attempts of an execution name the same reading, taken before the first of them that may have arrived. Only the
 * instance that it names may run the code. If it ran, it ended at a later reading of the same clock; so it is forgotten
 * only if the instance has forgotten executions that ended after the reading.
 */
export function refuseUnlessFirst(
  { executionId, known, forgottenAt }: UnknownExecution,
  instance: Pick<Instance, 'reading'>,
): void {
  if (known === undefined) return
  const reading = instance.reading()
  const isNamed = known !== 'none' && known.instance === reading.instance
  if (isNamed && known.clockMs > forgottenAt) return
  const remembersSinceMs = isNamed ? Math.max(0, Math.ceil(forgottenAt)) : 0
  throw new RequestError(
    'OUTCOME_AMBIGUOUS',
    `It is unknown whether the code of execution ${executionId} has run: ` +
      (isNamed
        ? 'this instance no longer remembers all executions since the time that the client named (x-codemode-known)'
        : 'the client named another instance of the executor, or none (x-codemode-known)'),
    {
      executionId,
      details: { ...reading, remembersSinceMs } satisfies AmbiguousRefusal,
      suggestion:
        'If no earlier request can have reached an executor, send it again with the reading in details; ' +
        'otherwise use a new id, if the code may run twice.',
    },
  )
}
