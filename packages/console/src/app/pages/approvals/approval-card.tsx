import type { Approval } from '@codemode/shared'
import { useState } from 'preact/hooks'

import { plainText } from '../../text/control-characters.ts'
import { prettyValue } from '../../text/pretty-json.ts'
import { mayDecide } from '../../api/session.ts'
import { pagePath } from '../../base-path.ts'
import { GuestBlock, GuestText } from '../../parts/guest-text.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { useSession } from '../../session-context.ts'
import { DecisionForm } from './decision-form.tsx'
import { DecisionView } from './decision-view.tsx'

/** Tool call that waits, or has waited, for a decision: its input, its reason, and the decision or a form for it. */
export function ApprovalCard({
  approval,
  showsExecution = true,
  onTouch,
  onDecided,
}: {
  approval: Approval
  showsExecution?: boolean
  /** Called when a person begins to use the form. */
  onTouch?: () => void
  onDecided: () => void
}) {
  const session = useSession()
  const [decided, setDecided] = useState<Approval>()
  const [wasPending] = useState(approval.status === 'pending')
  const shown = decided ?? approval
  const { tool, callId, input, reason, label, executionId, owner, status, requestedAt, expiresAt } = shown
  const isLate = wasPending && decided === undefined && status !== 'pending'
  return (
    <article class="approval" aria-label={`Approval of ${plainText(tool)}`}>
      <header>
        <h3>
          <GuestText text={tool} maxLength={128} />
        </h3>
        <StatusBadge status={status} />
        <span class="quiet">
          requested <Time at={requestedAt} />
          {expiresAt !== undefined && status === 'pending' && (
            <>
              , expires <Time at={expiresAt} />
            </>
          )}
        </span>
      </header>
      {showsExecution && (
        <p>
          <a href={pagePath(`/executions/${executionId}`, { row: `call-${callId.split(':').at(-1)}` })}>
            {label === undefined ? <code>{executionId}</code> : <GuestText text={label} maxLength={200} />}
          </a>
          {owner !== undefined && (
            <span class="quiet">
              {' '}
              submitted by <GuestText text={owner} maxLength={60} />
            </span>
          )}
        </p>
      )}
      {reason !== undefined && (
        <p class="reason">
          <GuestText text={reason} maxLength={4_096} />
        </p>
      )}
      <GuestBlock title="Input" text={prettyValue(input)} />
      {status !== 'pending' && <DecisionView approval={shown} />}
      {status !== 'pending' && !isLate ? null : mayDecide(session, shown) ? (
        <div onFocusIn={onTouch}>
          <DecisionForm
            approval={shown}
            isLate={isLate}
            onDecided={(next) => {
              setDecided(next)
              onDecided()
            }}
            onStale={onDecided}
          />
        </div>
      ) : (
        <p class="quiet">
          <GuestText text={whyNot(session, shown)} />
        </p>
      )}
    </article>
  )
}

function whyNot({ mode, rights }: ReturnType<typeof useSession>, { tool }: Approval): string {
  if (mode === 'read-only') return 'This console is read-only. Decide with another key or with a client.'
  if (!rights.includes('approve')) return 'Your key does not have the right "approve".'
  return `The owner of an execution may not decide about its calls, such as this one of ${tool}.`
}
