import { useSession } from '../session-context.ts'
import { formatDuration } from '../text/durations.ts'

/** Sentence about how long executions can be seen; nothing if all are stored. */
export function RetentionNote() {
  const { stores, retainMs } = useSession()
  if (stores === 'all') return null
  const time = formatDuration(retainMs)
  return (
    <p class="quiet retention">
      {stores === 'nothing'
        ? `This executor stores nothing: it shows executions for ${time} after their end`
        : `This executor stores detached executions only: it shows others for ${time} after their end`}{' '}
      (CODEMODE_RETAIN_MS). docs/console.md says how to keep them longer.
    </p>
  )
}
