import type { ExecutionSummary } from '@codemode/shared'
import { useState } from 'preact/hooks'

import { cancelExecution, retryExecution } from '../../api/executions.ts'
import { isFinal } from '../../api/status.ts'
import { ApiError } from '../../api/request.ts'
import { mayOperate } from '../../api/session.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { GuestText } from '../../parts/guest-text.tsx'
import { useSession } from '../../session-context.ts'

/** Requests of a bulk action that are sent at a time. */
const atOnce = 4

interface Problem {
  readonly id: string
  readonly message: string
}

interface Progress {
  readonly verb: 'Cancel' | 'Retry'
  readonly total: number
  readonly done: number
  readonly problems: readonly Problem[]
}

/** Bar with the actions on the selected executions, and a dialog that confirms one and shows its progress. */
export function BulkBar({
  selected,
  onClear,
  onDone,
}: {
  selected: readonly ExecutionSummary[]
  onClear: () => void
  onDone: () => void
}) {
  const session = useSession()
  const [verb, setVerb] = useState<'Cancel' | 'Retry'>()
  const [progress, setProgress] = useState<Progress>()
  const allowed = selected.filter((execution) => mayOperate(session, execution))
  const open = allowed.filter(({ status }) => !isFinal(status))
  const ended = allowed.filter(({ status }) => isFinal(status))
  const targets = verb === 'Cancel' ? open : ended

  async function run(): Promise<void> {
    const act = verb === 'Cancel' ? cancelExecution : retryExecution
    let state: Progress = { verb: verb!, total: targets.length, done: 0, problems: [] }
    setProgress(state)
    const queue = targets.map(({ executionId }) => executionId)
    async function work(): Promise<void> {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const problem = await problemOf(act, id)
        state = { ...state, done: state.done + 1, problems: problem ? [...state.problems, problem] : state.problems }
        setProgress(state)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    onDone()
  }
  function close(): void {
    setVerb(undefined)
    setProgress(undefined)
    if (progress !== undefined) onClear()
  }

  return (
    <div class="bulk" role="toolbar" aria-label="Actions on the selected executions">
      <span>{selected.length} selected</span>
      <button type="button" disabled={open.length === 0} onClick={() => setVerb('Cancel')}>
        Cancel {open.length}
      </button>
      <button type="button" disabled={ended.length === 0} onClick={() => setVerb('Retry')}>
        Retry {ended.length}
      </button>
      <button type="button" onClick={onClear}>
        Clear
      </button>
      {verb !== undefined && (
        <Dialog title={`${verb} ${targets.length} executions`} onClose={close}>
          {progress === undefined ? (
            <>
              <p>
                {verb === 'Cancel'
                  ? 'The executions end as cancelled. Tool calls that were sent are not undone.'
                  : 'The same code runs again, as new executions. Their tool calls are made again.'}
              </p>
              <footer>
                <button type="button" onClick={close}>
                  Back
                </button>
                <button type="button" class="primary" onClick={() => void run()}>
                  {verb} {targets.length} executions
                </button>
              </footer>
            </>
          ) : (
            <BulkProgress progress={progress} onClose={close} />
          )}
        </Dialog>
      )}
    </div>
  )
}

function BulkProgress({
  progress: { verb, total, done, problems },
  onClose,
}: {
  progress: Progress
  onClose: () => void
}) {
  return (
    <>
      <p role="status">
        {verb === 'Cancel' ? 'Cancelled' : 'Started again'}: {done - problems.length} of {total}
        {problems.length > 0 && `, refused: ${problems.length}`}
      </p>
      <progress max={total} value={done} aria-label="Progress" />
      {problems.length > 0 && (
        <ul class="problems">
          {problems.slice(0, 100).map(({ id, message }) => (
            <li key={id}>
              <code>{id}</code> <GuestText text={message} />
            </li>
          ))}
        </ul>
      )}
      <footer>
        <button type="button" class="primary" disabled={done < total} onClick={onClose}>
          Close
        </button>
      </footer>
    </>
  )
}

async function problemOf(act: (id: string) => Promise<unknown>, id: string): Promise<Problem | undefined> {
  try {
    await act(id)
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { id, message: `${error.code}: ${error.message}` }
  }
}
