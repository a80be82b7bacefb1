import type { Approval } from '@codemode/shared'

import { prettyValue } from '../../text/pretty-json.ts'
import { GuestBlock, GuestText } from '../../parts/guest-text.tsx'
import { Time } from '../../parts/time.tsx'

const verbs = { approve: 'Approved', reject: 'Rejected', respond: 'Answered in place of the tool' } as const

/** Decision about an approval: who made it, when and how. */
export function DecisionView({ approval: { decision, status } }: { approval: Approval }) {
  if (decision === undefined) {
    return (
      <p class="quiet">{status === 'expired' ? 'Nobody decided in time.' : 'The execution ended before a decision.'}</p>
    )
  }
  const { by, at, keyId, note, reason, end, input, output } = decision
  return (
    <div class="decision">
      <p>
        {verbs[decision.decision]} by{' '}
        <strong title={`Key ${keyId}`}>
          <GuestText text={by} maxLength={60} />
        </strong>{' '}
        <Time at={at} />
        {end === true && ', which ended the execution'}
      </p>
      {reason !== undefined && (
        <p class="reason">
          <GuestText text={reason} maxLength={4_096} />
        </p>
      )}
      {note !== undefined && (
        <p class="quiet">
          Note: <GuestText text={note} maxLength={4_096} />
        </p>
      )}
      {input !== undefined && <GuestBlock title="Input as approved" text={prettyValue(input)} />}
      {output !== undefined && <GuestBlock title="Answer" text={prettyValue(output)} />}
    </div>
  )
}
