import type { Page } from 'playwright-core'

/** Lets the pages that are opened afterwards record their layout shifts that no input of a person caused. */
export async function recordLayoutShifts(page: Page): Promise<void> {
  await page.addInitScript(`{
    globalThis.layoutShift = 0
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.layoutShift += value
    }).observe({ type: 'layout-shift', buffered: true })
  }`)
}

/** Returns the sum of the layout shifts of a page so far. */
export async function layoutShiftOf(page: Page): Promise<number> {
  // Shifts are reported after the frame in which they are.
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))')
  return page.evaluate<number>('globalThis.layoutShift')
}
