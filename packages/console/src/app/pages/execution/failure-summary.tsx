import type { ExecutionFailure } from '@codemode/shared'

import { prettyValue } from '../../text/pretty-json.ts'
import { CodeExcerpt } from '../../parts/code-view.tsx'
import { GuestBlock, GuestText } from '../../parts/guest-text.tsx'
import { positionsIn } from '../../text/code-position.ts'
import type { Execution } from './use-execution.ts'

/** Failure of the execution: what failed, the lines of the code, the hint, and the tool call that caused it. */
export function FailureSummary({
  execution: { record, journal },
  onSelectCall,
}: {
  execution: Execution
  onSelectCall: (call: number) => void
}) {
  const error = record.error ?? attentionOf(journal.entries.at(-1))
  if (
    error === undefined ||
    (record.status !== 'failed' && record.status !== 'cancelled' && record.status !== 'needs_attention')
  )
    return null
  const position = error.guestStack === undefined ? undefined : positionsIn(error.guestStack)[0]
  const failedCall = error.call === undefined ? undefined : toolOf(journal.entries, error.call)
  return (
    <section class={`failure failure-${record.status}`} aria-label="Why the execution ended">
      <p class="failure-title">
        <code>{error.code}</code>{' '}
        <strong>
          <GuestText
            text={error.code === 'GUEST_ERROR' ? `${error.name}: ${error.message}` : error.message}
            maxLength={2_000}
          />
        </strong>
      </p>
      {error.hint !== undefined && (
        <p class="hint">
          <GuestText text={error.hint} maxLength={1_100} />
        </p>
      )}
      {record.status === 'needs_attention' && (
        <p>The execution is kept as it is. When the cause is removed, try to continue; or cancel it.</p>
      )}
      {error.call !== undefined && (
        <p>
          The error comes from the tool call{' '}
          <button type="button" class="link" onClick={() => onSelectCall(error.call!)}>
            {failedCall === undefined ? `#${error.call}` : <GuestText text={`${failedCall} #${error.call}`} />}
          </button>
        </p>
      )}
      {position !== undefined && (
        <>
          <p class="quiet">
            Line {position.line}, column {position.column} of the code:
          </p>
          <CodeExcerpt code={journal.header.code} position={position} />
        </>
      )}
      {error.guestStack !== undefined && (
        <details>
          <summary>Stack</summary>
          <GuestBlock title="Stack of the error" text={error.guestStack} />
        </details>
      )}
      <Causes error={error} />
    </section>
  )
}

function Causes({ error: { cause, errors, details } }: { error: ExecutionFailure }) {
  const more = { ...(cause && { cause }), ...(errors && { errors }), ...(details && { details }) }
  if (Object.keys(more).length === 0) return null
  return (
    <details>
      <summary>Causes and details</summary>
      <GuestBlock title="Causes and details" text={prettyValue(more)} />
    </details>
  )
}

type Entries = Execution['journal']['entries']

function attentionOf(entry: Entries[number] | undefined): ExecutionFailure | undefined {
  return entry?.type === 'park' ? entry.attention : undefined
}

function toolOf(entries: Entries, call: number): string | undefined {
  for (const entry of entries) {
    if (entry.type !== 'turn') continue
    const found = entry.effects.calls.find((candidate) => candidate.call === call)
    if (found !== undefined) return found.tool
  }
  return undefined
}
