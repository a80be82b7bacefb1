import { isFinal } from '../../api/status.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { GuestText } from '../../parts/guest-text.tsx'
import type { Execution } from './use-execution.ts'

/** Maximum number of tools that are named. */
const mostTools = 20

/** Notice that tool calls wait until a client serves them, if they do. */
export function ServedByClient({ execution: { record, journal } }: { execution: Execution }) {
  const claim = journal.entries.findLast((entry) => entry.type === 'claim')
  const isOpen = record.toolCalls.some(({ status }) => status === 'queued' || status === 'running')
  if (isFinal(record.status) || claim?.servedBy !== 'client' || !isOpen) return null
  const code = `await codemode.resume('${record.executionId}')`
  const tools = journal.header.tools.flatMap(({ name }) => (name.startsWith('$') ? [] : [name]))
  return (
    <div class="notice">
      <p>
        Its tool calls wait until a client of the owner serves them: <code>{code}</code>{' '}
        <CopyButton text={code} of="the call" />
      </p>
      <p>
        The client needs {tools.length === 1 ? 'this tool' : 'these tools'}:{' '}
        <GuestText text={tools.slice(0, mostTools).join(', ')} maxLength={2_000} />
        {tools.length > mostTools && ` and ${tools.length - mostTools} more`}. The calls wait at most until the
        execution expires (<code>expiresAfterMs</code>: 7 days after its creation, unless it was submitted with another
        value).
      </p>
    </div>
  )
}
