import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** Parts of the page with the list of executions. */
export interface ExecutionListPage {
  readonly page: Page
  /** Scrolling part of the table. */
  readonly body: Locator
  /** Row of an execution. */
  readonly row: (executionId: string) => Locator
  /** Number of executions that are loaded. */
  readonly count: () => Promise<number>
  /** Waits until the list has that many executions. */
  readonly expectCount: (count: number) => Promise<void>
}

/** Returns the parts of the page, which may be loading. */
export function executionList(page: Page): ExecutionListPage {
  const table = page.getByRole('table', { name: 'Executions' })
  const count = async () => {
    if (await page.getByRole('heading', { name: 'No execution matches' }).isVisible()) return 0
    return Number((await table.isVisible()) ? await table.getAttribute('aria-rowcount') : -1)
  }
  return {
    page,
    body: page.getByRole('rowgroup', { name: 'Rows' }),
    row: (executionId) => page.getByRole('row').filter({ has: page.getByLabel(`Select ${executionId}`) }),
    count,
    expectCount: (expected) => expect.poll(count).toBe(expected),
  }
}
