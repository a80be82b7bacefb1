import { useEffect, useRef, useState } from 'preact/hooks'

import type { ReplayVerdict } from '@codemode/shared'
import { prettyValue } from '../../text/pretty-json.ts'
import { replayExecution } from '../../api/executions.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { GuestBlock, GuestText } from '../../parts/guest-text.tsx'
import { ErrorNotice } from '../../parts/notice.tsx'
import { useAction } from '../../parts/use-action.ts'

/** Dialog that replays the journal on the executor and shows the verdict. Replay calls no tool and changes nothing. */
export function ReplayDialog({ executionId, onClose }: { executionId: string; onClose: () => void }) {
  const [verdict, setVerdict] = useState<ReplayVerdict>()
  const closing = useRef(new AbortController())
  const replay = useAction(async () => setVerdict(await replayExecution(executionId, closing.current.signal)))
  useEffect(() => {
    void replay.run()
    // The executor ends a replay for which nobody waits.
    return () => closing.current.abort()
  }, [])
  return (
    <Dialog title="Replay of the journal" onClose={onClose}>
      {replay.error && <ErrorNotice error={replay.error} onRetry={() => void replay.run()} />}
      {replay.isRunning && <p role="status">The executor runs the code again, with the answers of the journal…</p>}
      {verdict && <Verdict verdict={verdict} />}
    </Dialog>
  )
}

function Verdict({ verdict }: { verdict: ReplayVerdict }) {
  switch (verdict.verdict) {
    case 'same':
      return (
        <p role="status" class="verdict-same">
          The code did the same again: same calls, output and error. No tool was called.
        </p>
      )
    case 'diverged':
      return (
        <>
          <p role="status" class="verdict-diverged">
            The code behaved differently in turn {verdict.turn}. The executor may have another version than the one that
            wrote the journal.
          </p>
          <GuestBlock title="In the journal" text={prettyValue(verdict.expected)} />
          <GuestBlock title="In the replay" text={prettyValue(verdict.actual)} />
        </>
      )
    default:
      return (
        <p role="status" class="verdict-diverged">
          <GuestText text={verdict.message} maxLength={2_000} />
        </p>
      )
  }
}
