import { Time } from '../../parts/time.tsx'
import { useSession } from '../../session-context.ts'
import type { Execution } from './use-execution.ts'

/** Time until which an execution that is not stored can be read; nothing for a stored one, and for a step, which its session keeps. */
export function KeptUntil({ record: { finishedAt, session } }: Pick<Execution, 'record'>) {
  const { stores, retainMs } = useSession()
  if (stores !== 'nothing' || finishedAt === undefined || session !== undefined) return null
  return (
    <div title="Or until newer executions need the memory">
      <dt>Kept until</dt>
      <dd>
        <Time at={Date.parse(finishedAt) + retainMs} />
      </dd>
    </div>
  )
}
