import type { Page } from 'playwright-core'

import { timelineOf } from './timeline.ts'

/** Opens the page of an execution, and everything on it that is closed or cut at first. */
export async function openEverything(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await timelineOf(page)
  for (const button of ['details:not([open]) > summary', '.cut button'])
    while ((await page.locator(button).count()) > 0) await page.locator(button).first().click()
}
