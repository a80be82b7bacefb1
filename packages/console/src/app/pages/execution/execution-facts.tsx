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
  const hasEnded = isFinal(record.status)
  const failedCalls = toolCalls.filter(({ status }) => status === 'failed').length
  const nodes = new Set(journal.entries.flatMap((entry) => (entry.type === 'claim' ? [entry.node] : [])))
  return (
    <dl class="facts">
      <Fact name="Created" title="When the executor accepted the execution">
        <Time at={createdAt} format="precise" />
      </Fact>
      <Fact
        name={hasEnded ? 'Duration' : 'Duration so far'}
        title="From the start of the code to its end, waits included; the queue is before it"
      >
        {formatDuration(Math.max(0, end - start))}
      </Fact>
      <Fact name="Queue" title="From the creation until a node began to run the code">
        {formatDuration(usage.queueMs)}
      </Fact>
      {hasEnded && (
        <Fact name="Waited" title="Part of the duration in which no code ran: it waited for tools, timers or approvals">
          {formatDuration(usage.waitMs)}
        </Fact>
      )}
      <Fact name="CPU time" title="Time for which the code used a processor">
        {formatDuration(usage.cpuMs)}
      </Fact>
      <Fact
        name="Turns"
        title="Number of times that the code ran until it had to wait: at its start, for each answer of a tool, and for each timer"
      >
        {usage.turns.toLocaleString()}
      </Fact>
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
          {!session.stateKept && hasEnded && ' (state not kept)'}
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

function Fact({ name, title, children }: { name: string; title?: string; children: ComponentChildren }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
