import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Number of times that Tab is pressed at most. */
const maxSteps = 25

const focused = {
  outline: 'getComputedStyle(document.activeElement).outlineStyle',
  name: `(document.activeElement.getAttribute('aria-label')
    ?? (document.activeElement.labels?.[0] ?? document.activeElement).textContent)`,
}

/** Presses Tab until the element whose name has the text is focused, and expects that the focus is visible at each step. */
export async function tabTo(page: Page, text: string): Promise<void> {
  for (let step = 0; step < maxSteps; step++) {
    await page.keyboard.press('Tab')
    expect(await page.evaluate(focused.outline)).not.toBe('none')
    if ((await page.evaluate<string>(focused.name)).includes(text)) return
  }
  throw new Error(`Tab does not lead to ${text}`)
}
