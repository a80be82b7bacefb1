import { pagePath } from '../base-path.ts'
import { EmptyNotice } from '../parts/notice.tsx'
import { useTitle } from '../parts/use-title.ts'

/** Page for a path that the console does not know. */
export function NotFoundPage() {
  useTitle('No such page')
  return (
    <div class="page">
      <EmptyNotice title="There is no such page">
        <p>
          <a href={pagePath('/executions')}>Go to the executions</a>
        </p>
      </EmptyNotice>
    </div>
  )
}
