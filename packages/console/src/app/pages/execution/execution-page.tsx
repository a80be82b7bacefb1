import { useRoute } from 'preact-iso'
import { useMemo } from 'preact/hooks'

import { CodeView } from '../../parts/code-view.tsx'
import { GuestText } from '../../parts/guest-text.tsx'
import { EmptyNotice, ErrorNotice, Loading } from '../../parts/notice.tsx'
import { RetentionNote } from '../../parts/retention-note.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { positionsIn } from '../../text/code-position.ts'
import { timelineOf } from '../../timeline/timeline.ts'
import { lastListPath } from '../executions/last-list.ts'
import { ConsoleOutput } from './console-output.tsx'
import { DataSections } from './data-sections.tsx'
import { ExecutionActions } from './execution-actions.tsx'
import { ExecutionFacts } from './execution-facts.tsx'
import { FailureSummary } from './failure-summary.tsx'
import { ServedByClient } from './served-by-client.tsx'
import { PendingApprovals } from './pending-approvals.tsx'
import { TimelineView } from './timeline-view.tsx'
import { useExecution, type Execution } from './use-execution.ts'
import { useTimelineQuery } from './use-timeline-query.ts'
import { WarningList } from './warning-list.tsx'

/** Page of one execution. */
export function ExecutionPage() {
  const { params } = useRoute()
  const id = params['id']!
  const { value, error, reload } = useExecution(id)
  useTitle(value?.record.label ?? id)
  if (value === undefined) {
    if (error?.status === 404) return <UnknownExecution id={id} />
    return (
      <div class="page">
        {error === undefined ? (
          <Loading of="the execution" rows={12} />
        ) : (
          <ErrorNotice error={error} onRetry={reload} />
        )}
      </div>
    )
  }
  return (
    <div class="page">
      {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
      <ExecutionView execution={value} onChange={reload} />
    </div>
  )
}

function ExecutionView({ execution, onChange }: { execution: Execution; onChange: () => void }) {
  const { record, journal } = execution
  const timeline = useMemo(() => timelineOf(journal), [journal])
  const query = useTimelineQuery()
  // Selecting a row of the timeline changes the URL, and so renders the page; these parts are large and stay as they are.
  const values = useMemo(() => <Values execution={execution} />, [journal, record.logs.length, record.status])
  return (
    <>
      <header class="title">
        <a class="back" href={lastListPath()}>
          Executions
        </a>
        <div class="title-row">
          <h1>{record.label === undefined ? <code>{record.executionId}</code> : <GuestText text={record.label} />}</h1>
          <StatusBadge status={record.status} />
          <ExecutionActions execution={execution} onChange={onChange} />
        </div>
        {record.label !== undefined && <code class="quiet">{record.executionId}</code>}
        <CopyButton text={record.executionId} of="the id of the execution" />
      </header>
      <FailureSummary execution={execution} timeline={timeline} onSelect={query.select} />
      <PendingApprovals approvals={execution.approvals} onDecided={onChange} />
      <ExecutionFacts execution={execution} />
      <ServedByClient execution={execution} />
      <WarningList warnings={record.warnings} />
      <TimelineView timeline={timeline} query={query} />
      {values}
    </>
  )
}

/** Code, console output and values of an execution. */
function Values({ execution: { record, journal } }: { execution: Execution }) {
  const failure = record.error?.guestStack === undefined ? undefined : positionsIn(record.error.guestStack)[0]
  return (
    <>
      <div class="columns">
        <section aria-labelledby="code-title">
          <h2 id="code-title">Code</h2>
          <CopyButton text={journal.header.code} of="the code" />
          <CodeView
            code={journal.header.code}
            failure={failure}
            marks={record.warnings.flatMap(({ line }) => (line === undefined ? [] : [line]))}
          />
        </section>
        <ConsoleOutput logs={record.logs} dropped={record.logsDropped} />
      </div>
      <DataSections journal={journal} />
    </>
  )
}

function UnknownExecution({ id }: { id: string }) {
  return (
    <div class="page">
      <EmptyNotice title="There is no such execution">
        <RetentionNote />
        <p>
          <GuestText text={id} maxLength={100} /> is unknown, belongs to another tenant, or is older than the executor
          keeps executions.
        </p>
        <a href={lastListPath()}>Go to the executions</a>
      </EmptyNotice>
    </div>
  )
}
