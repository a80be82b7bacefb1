// The inbox of approvals in each colour, on a narrow screen.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import { accessibilityProblems } from '../support/axe.ts'
import { scrollsSideways } from '../support/scrolls-sideways.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()
const cardOf = (page: Page, label: string) => page.getByRole('article').filter({ hasText: label })

test.each(['light', 'dark'] as const)(
  'axe finds no problem with the inbox and the forms in %s, on a narrow screen',
  { tags: ['OP-3'] },
  async (colorScheme) => {
    const { page } = await suite.open({
      as: 'ada',
      path: '/approvals',
      colorScheme,
      viewport: { width: 390, height: 844 },
    })
    const card = cardOf(page, 'refund of curie')
    for (const name of ['Approve', 'Edit and approve', 'Reject', 'Respond']) {
      await card.getByRole('button', { name, exact: true }).first().click()
      expect({ name, problems: await accessibilityProblems(page) }).toEqual({ name, problems: [] })
      expect(await scrollsSideways(page)).toBe(false)
    }
    for (const name of ['Approved', 'Rejected', 'Responded', 'Expired']) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByRole('article').first().waitFor()
      expect({ name, problems: await accessibilityProblems(page) }).toEqual({ name, problems: [] })
    }
  },
)
