import { useLocation } from 'preact-iso'
import { useRef, useState } from 'preact/hooks'

import { cancelExecution, retryExecution, wakeExecution } from '../../api/executions.ts'
import { newExecutionId } from '../../api/new-execution-id.ts'
import { mayEdit, mayOperate } from '../../api/session.ts'
import { isFinal } from '../../api/status.ts'
import { apiPath, pagePath } from '../../base-path.ts'
import { ErrorNotice } from '../../parts/notice.tsx'
import { useAction } from '../../parts/use-action.ts'
import { useSession } from '../../session-context.ts'
import { ConfirmRetryDialog } from './confirm-retry-dialog.tsx'
import { ReplayDialog } from './replay-dialog.tsx'
import { RetryDialog } from './retry-dialog.tsx'
import type { Execution } from './use-execution.ts'

/** Buttons for what the session may do with an execution. */
export function ExecutionActions({ execution, onChange }: { execution: Execution; onChange: () => void }) {
  const { record } = execution
  const session = useSession()
  const { route } = useLocation()
  const [dialog, setDialog] = useState<'confirm' | 'retry' | 'replay'>()
  const id = record.executionId
  const owned = { owner: record.owner }
  const hasEnded = isFinal(record.status)
  // A retry is a stored execution; a step can't be repeated outside of its session.
  const isRetryable = hasEnded && session.hasStore && record.session === undefined
  const cancel = useAction(async () => {
    await cancelExecution(id)
    onChange()
  })
  const wake = useAction(async () => {
    await wakeExecution(id)
    onChange()
  })
  // The same id until it succeeds, so that a click after a lost response starts nothing twice.
  const newId = useRef(newExecutionId())
  const retry = useAction(async () => {
    const next = await retryExecution(id, { id: newId.current })
    newId.current = newExecutionId()
    route(pagePath(`/executions/${next.executionId}`))
  })
  const error = cancel.error ?? wake.error ?? retry.error
  return (
    <div class="actions">
      {!hasEnded && mayOperate(session, owned) && (
        <button type="button" disabled={cancel.isRunning} onClick={() => void cancel.run()}>
          Cancel
        </button>
      )}
      {record.status === 'needs_attention' && mayOperate(session, owned) && (
        <button type="button" disabled={wake.isRunning} onClick={() => void wake.run()}>
          Try to continue
        </button>
      )}
      {isRetryable && mayOperate(session, owned) && (
        <button
          type="button"
          disabled={retry.isRunning}
          onClick={() => (record.toolCalls.length === 0 ? void retry.run() : setDialog('confirm'))}
        >
          Retry
        </button>
      )}
      {isRetryable && mayEdit(session, owned) && (
        <button type="button" onClick={() => setDialog('retry')}>
          Retry with changes…
        </button>
      )}
      <button type="button" onClick={() => setDialog('replay')}>
        Replay now
      </button>
      <a class="button" href={`${apiPath}/executions/${id}/journal`} download={`${id}.journal.json`}>
        Download journal
      </a>
      {error && <ErrorNotice error={error} />}
      {dialog === 'confirm' && (
        <ConfirmRetryDialog
          calls={record.toolCalls.length}
          onRetry={() => {
            setDialog(undefined)
            void retry.run()
          }}
          onClose={() => setDialog(undefined)}
        />
      )}
      {dialog === 'retry' && <RetryDialog execution={execution} onClose={() => setDialog(undefined)} />}
      {dialog === 'replay' && <ReplayDialog executionId={id} onClose={() => setDialog(undefined)} />}
    </div>
  )
}
