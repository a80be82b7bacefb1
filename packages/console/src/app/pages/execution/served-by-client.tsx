import { isFinal } from '../../api/status.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import type { Execution } from './use-execution.ts'

/** Notice that tool calls wait until a client serves them, if they do. */
export function ServedByClient({ execution: { record, journal } }: { execution: Execution }) {
  const claim = journal.entries.findLast((entry) => entry.type === 'claim')
  const isOpen = record.toolCalls.some(({ status }) => status === 'queued' || status === 'running')
  if (isFinal(record.status) || claim?.servedBy !== 'client' || !isOpen) return null
  const code = `await codemode.resume('${record.executionId}')`
  return (
    <p class="notice">
      Its tool calls wait until a client of the owner serves them: <code>{code}</code>{' '}
      <CopyButton text={code} of="the call" />
    </p>
  )
}
