import type { ExecutionEvent } from '@codemode/shared'

import { unlessAborted } from '../async/unless-aborted.ts'
import { requestAborted } from '../errors/cancelled-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { ClientRun } from '../run/client-run.ts'
import type { SessionSteps } from './session-steps.ts'

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
      yield* eventsOf(next.value.run, signal)
    }
  } catch (error) {
    const ids = { executionId: undefined, correlationId: '' }
    throw signal.aborted && error === signal.reason ? requestAborted(signal.reason, ids) : error
  } finally {
    void following.return()
  }
}

/** Yields the events of one step. A step that the executor does not know, or whose events it has forgotten, has none. */
async function* eventsOf(run: ClientRun, signal: AbortSignal): AsyncGenerator<ExecutionEvent, void> {
  try {
    yield* run.execution.events({ signal })
  } catch (error) {
    if (!(error instanceof ExecutorClientError && error.code === 'NOT_FOUND')) throw error
  }
}
