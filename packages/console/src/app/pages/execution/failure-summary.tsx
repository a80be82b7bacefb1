import type { ExecutionFailure } from '@codemode/shared'
import { Fragment } from 'preact'

import { prettyValue } from '../../text/pretty-json.ts'
import { CodeExcerpt } from '../../parts/code-view.tsx'
import { GuestBlock, GuestText } from '../../parts/guest-text.tsx'
import { positionsIn } from '../../text/code-position.ts'
import { formatDuration } from '../../text/durations.ts'
import { endOf, startOf, type Row } from '../../timeline/row.ts'
import type { Timeline } from '../../timeline/timeline.ts'
import type { Execution } from './use-execution.ts'

/** Maximum number of calls without an answer that are named. */
const mostUnanswered = 5

/**
 * Failure of the execution: what failed, the lines of the code, the hint, and the tool calls that have to do with it: the one
 * that caused it, the last answer before it, or those that had no answer.
 */
export function FailureSummary({
  execution: { record, journal },
  timeline,
  onSelect,
}: {
  execution: Execution
  timeline: Timeline
  onSelect: (rowId: string) => void
}) {
  const error = record.error ?? attentionOf(journal.entries.at(-1))
  if (
    error === undefined ||
    (record.status !== 'failed' && record.status !== 'cancelled' && record.status !== 'needs_attention')
  )
    return null
  const position = error.guestStack === undefined ? undefined : positionsIn(error.guestStack)[0]
  const rowOf = (call: number | undefined) => timeline.rows.find(({ id }) => id === `call-${call}`)
  const failedCall = rowOf(error.call)
  const lastAnswer =
    error.code === 'GUEST_ERROR' && error.call === undefined ? rowOf(lastAnswered(journal.entries)) : undefined
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
      {failedCall !== undefined && (
        <p>
          The error comes from the tool call <CallLink row={failedCall} onSelect={onSelect} />
        </p>
      )}
      {lastAnswer !== undefined && (
        <p>
          Last answer before it: <CallLink row={lastAnswer} onSelect={onSelect} />
        </p>
      )}
      <Unanswered rows={timeline.rows} onSelect={onSelect} />
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

/** Calls that had no answer when the execution was stopped. */
function Unanswered({ rows, onSelect }: { rows: readonly Row[]; onSelect: (rowId: string) => void }) {
  const open = rows.filter(({ tone }) => tone === 'unanswered')
  if (open.length === 0) return null
  return (
    <p>
      When it ended, {open.length === 1 ? 'this call' : 'these calls'} had no answer:{' '}
      {open.slice(0, mostUnanswered).map((row, index) => (
        <Fragment key={row.id}>
          {index > 0 && ', '}
          <CallLink row={row} onSelect={onSelect} /> ({formatDuration(endOf(row)! - startOf(row))})
        </Fragment>
      ))}
      {open.length > mostUnanswered && ` and ${(open.length - mostUnanswered).toLocaleString()} more`}
    </p>
  )
}

/** Link to the row of a tool call. */
function CallLink({ row: { id, name }, onSelect }: { row: Row; onSelect: (rowId: string) => void }) {
  return (
    <button type="button" class="link" onClick={() => onSelect(id)}>
      <GuestText text={`${name} #${id.slice('call-'.length)}`} maxLength={160} />
    </button>
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

/** Returns the number of the call whose answer the code received last. */
function lastAnswered(entries: Entries): number | undefined {
  const turn = entries.findLast((entry) => entry.type === 'turn' && entry.delivery.kind === 'answer')
  return turn?.type === 'turn' && turn.delivery.kind === 'answer' ? turn.delivery.call : undefined
}
