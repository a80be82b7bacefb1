import type { ComponentChildren } from 'preact'

import { CopyButton } from '../../parts/copy-button.tsx'
import { GuestText } from '../../parts/guest-text.tsx'
import { Time } from '../../parts/time.tsx'
import { executorNow } from '../../api/server-clock.ts'
import { isFinal } from '../../api/status.ts'
import { formatDuration } from '../../text/durations.ts'
import { pagePath } from '../../base-path.ts'
import { KeptUntil } from './kept-until.tsx'
import type { Execution } from './use-execution.ts'

/** Times, costs and relations of an execution, in one strip. */
export function ExecutionFacts({ execution: { record, journal } }: { execution: Execution }) {
  const { usage, createdAt, startedAt, finishedAt, correlationId, toolCalls, session } = record
  const end = finishedAt === undefined ? executorNow() : Date.parse(finishedAt)
  const start = startedAt === undefined ? end : Date.parse(startedAt)
  const failedCalls = toolCalls.filter(({ status }) => status === 'failed').length
  const nodes = new Set(journal.entries.flatMap((entry) => (entry.type === 'claim' ? [entry.node] : [])))
  return (
    <dl class="facts">
      <Fact name="Created">
        <Time at={createdAt} format="precise" />
      </Fact>
      <Fact name={isFinal(record.status) ? 'Duration' : 'Duration so far'}>
        {formatDuration(Math.max(0, end - start))}
      </Fact>
      <Fact name="Queue">{formatDuration(usage.queueMs)}</Fact>
      <Fact name="Waited">{formatDuration(usage.waitMs)}</Fact>
      <Fact name="CPU time">{formatDuration(usage.cpuMs)}</Fact>
      <Fact name="Turns">{usage.turns.toLocaleString()}</Fact>
      <Fact name="Tool calls">
        {toolCalls.length.toLocaleString()}
        {failedCalls > 0 && `, ${failedCalls} failed`}
      </Fact>
      {usage.replays > 0 && <Fact name="Replays">{usage.replays}</Fact>}
      {nodes.size > 1 && <Fact name="Nodes">{nodes.size}</Fact>}
      <KeptUntil record={record} />
      {session !== undefined && (
        <Fact name="Session">
          <a href={pagePath('/executions', { session: session.id })}>
            <GuestText text={session.id} maxLength={64} />
          </a>
          , step {session.step}
          {!session.stateKept && isFinal(record.status) && ' (state not kept)'}
        </Fact>
      )}
      <Fact name="Correlation id">
        <code>
          <GuestText text={correlationId} maxLength={128} />
        </code>
        <CopyButton text={correlationId} of="the correlation id" />
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
