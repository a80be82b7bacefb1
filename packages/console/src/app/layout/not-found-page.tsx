import { pagePath } from '../base-path.ts'
import { EmptyNotice } from '../parts/notice.tsx'

/** Page for a path that the console does not know. */
export function NotFoundPage() {
  return (
    <EmptyNotice title="There is no such page">
      <p>
        <a href={pagePath('/executions')}>Go to the executions</a>
      </p>
    </EmptyNotice>
  )
}
