import type { ExecutionEvent } from '@codemode/shared'

import { unlessAborted } from '../async/unless-aborted.ts'
import { requestAborted } from '../errors/cancelled-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { AddedStep, SessionSteps } from './session-steps.ts'

/** Yields the events of all steps as one stream: steps never overlap, so their streams follow one another. */
export async function* sessionEvents(
  steps: SessionSteps,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<ExecutionEvent, void> {
  const following = steps.follow()
  try {
    for (;;) {
      const next = await unlessAborted(following.next(), signal)
      if (next.done === true) return
      yield* eventsOf(next.value, signal)
    }
  } catch (error) {
    const ids = { executionId: undefined, correlationId: '' }
    throw signal.aborted && error === signal.reason ? requestAborted(signal.reason, ids) : error
  } finally {
    void following.return()
  }
}

/** Yields the events of one step. A step that was not accepted, or whose events the executor has forgotten, has none. */
async function* eventsOf({ run, settled }: AddedStep, signal: AbortSignal): AsyncGenerator<ExecutionEvent, void> {
  await unlessAborted(Promise.race([run.state.accepted, settled]), signal)
  if (!run.state.isAccepted) return
  try {
    yield* run.execution.events({ signal })
  } catch (error) {
    if (!(error instanceof ExecutorClientError && error.code === 'NOT_FOUND')) throw error
  }
}
