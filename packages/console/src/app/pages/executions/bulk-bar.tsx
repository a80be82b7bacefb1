import type { ExecutionSummary } from '@codemode/shared'
import { useRef, useState } from 'preact/hooks'

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

/** Action with the executions that were selected when it was chosen; later, the list may have others. */
interface BulkAction {
  readonly verb: 'Cancel' | 'Retry'
  readonly ids: readonly string[]
}

interface Progress {
  readonly done: number
  readonly problems: readonly Problem[]
}

/**
 * Bar with the actions on the selected executions, and a dialog that confirms one and shows its progress. Requests that were not
 * sent when the dialog is closed are not sent.
 */
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
  const [action, setAction] = useState<BulkAction>()
  const [progress, setProgress] = useState<Progress>()
  const unsent = useRef<string[]>([])
  const allowed = selected.filter((execution) => mayOperate(session, execution))
  const open = allowed.filter(({ status }) => !isFinal(status))
  // A retry is a stored execution; a step can't be repeated outside of its session; what has succeeded needs no retry.
  const unsuccessful = allowed.filter(
    ({ status, session: step }) =>
      (status === 'failed' || status === 'cancelled') && session.hasStore && step === undefined,
  )
  const choose = (verb: BulkAction['verb'], targets: readonly ExecutionSummary[]) =>
    setAction({ verb, ids: targets.map(({ executionId }) => executionId) })

  async function run({ verb, ids }: BulkAction): Promise<void> {
    const act = verb === 'Cancel' ? cancelExecution : retryExecution
    const queue = [...ids]
    unsent.current = queue
    let state: Progress = { done: 0, problems: [] }
    setProgress(state)
    async function work(): Promise<void> {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const problem = await problemOf(act, id)
        if (unsent.current !== queue) return
        state = { done: state.done + 1, problems: problem ? [...state.problems, problem] : state.problems }
        setProgress(state)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    onDone()
  }
  function close(): void {
    unsent.current.length = 0
    unsent.current = []
    setAction(undefined)
    setProgress(undefined)
    if (progress !== undefined) onClear()
  }

  return (
    <>
      {selected.length > 0 && (
        <div class="bulk" role="toolbar" aria-label="Actions on the selected executions">
          <span>{selected.length} selected</span>
          <button type="button" disabled={open.length === 0} onClick={() => choose('Cancel', open)}>
            Cancel {open.length}
          </button>
          <button
            type="button"
            title="Runs those again that have failed or were cancelled"
            disabled={unsuccessful.length === 0}
            onClick={() => choose('Retry', unsuccessful)}
          >
            Retry {unsuccessful.length}
          </button>
          <button type="button" onClick={onClear}>
            Clear
          </button>
        </div>
      )}
      {action !== undefined && (
        <Dialog title={titleOf(action)} onClose={close}>
          {progress === undefined ? (
            <>
              <p>
                {action.verb === 'Cancel'
                  ? 'The executions end as cancelled. Tool calls that were sent are not undone.'
                  : 'The same code runs again, as new executions. Their tool calls wait until a client of the owner serves them.'}
              </p>
              <footer>
                <button type="button" onClick={close}>
                  Back
                </button>
                <button type="button" class="primary" onClick={() => void run(action)}>
                  {titleOf(action)}
                </button>
              </footer>
            </>
          ) : (
            <BulkProgress action={action} progress={progress} onClose={close} />
          )}
        </Dialog>
      )}
    </>
  )
}

/** Returns what an action does, as a title. */
function titleOf({ verb, ids }: BulkAction): string {
  return `${verb} ${ids.length === 1 ? '1 execution' : `${ids.length} executions`}`
}

function BulkProgress({
  action: { verb, ids },
  progress: { done, problems },
  onClose,
}: {
  action: BulkAction
  progress: Progress
  onClose: () => void
}) {
  const total = ids.length
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
