import { isFinal } from '../../api/status.ts'
import type { Approval, ExecutionRecord, Journal } from '@codemode/shared'

import { listApprovals } from '../../api/approvals.ts'
import { readJournal, readRecord } from '../../api/executions.ts'
import type { Tagged } from '../../api/request.ts'
import { useResource, type Resource } from '../../api/use-resource.ts'

/** Milliseconds between two reads of an execution that has not ended. */
const liveMs = 1_000
/** The same for one that is parked, and so may wait for days. */
const parkedMs = 3_000

/** Approvals that the page shows at most. */
const mostApprovals = 200

/** Record and journal of an execution. */
export interface Execution {
  readonly record: ExecutionRecord
  /** Record with its tag, for the next read. */
  readonly tagged: Tagged<ExecutionRecord>
  readonly journal: Journal
  /** Approvals that are pending. */
  readonly approvals: readonly Approval[]
}

/** Reads an execution at once, and again until it has ended. Of the journal, only new entries are read. */
export function useExecution(id: string): Resource<Execution> {
  return useResource<Execution>(
    id,
    async (signal, previous) => {
      // The record is read first: the journal then has at least the entries that the record was made of.
      const tagged = await readRecord(id, previous?.tagged, signal)
      if (previous !== undefined && tagged === previous.tagged) return previous
      const record = tagged.value
      const known = previous?.journal.entries ?? []
      const { header, entries } = await readJournal(id, known.length, signal)
      const journal =
        entries.length === 0 && previous !== undefined ? previous.journal : { header, entries: [...known, ...entries] }
      return { record, tagged, journal, approvals: await approvalsOf(record, signal) }
    },
    {
      everyMs(value, error) {
        if (error?.status === 404) return undefined
        if (value === undefined) return liveMs
        if (isFinal(value.record.status)) return undefined
        return value.record.status === 'running' || value.record.status === 'queued' ? liveMs : parkedMs
      },
    },
  )
}

async function approvalsOf({ toolCalls, executionId }: ExecutionRecord, signal: AbortSignal): Promise<Approval[]> {
  if (toolCalls.every(({ status }) => status !== 'paused')) return []
  const { items } = await listApprovals({ status: 'pending', executionId, limit: mostApprovals }, signal)
  return items
}
