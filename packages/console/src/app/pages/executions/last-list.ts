// The list that was shown last in this tab, for the way back from the page of an execution.
import { pagePath } from '../../base-path.ts'

const key = 'codemode-list'

/** Notes the query string of the list that is shown. */
export function rememberList(search: string): void {
  sessionStorage.setItem(key, search)
}

/** Returns the path of the list that was shown last, with its filters. */
export function lastListPath(): string {
  return pagePath('/executions') + (sessionStorage.getItem(key) ?? '')
}
