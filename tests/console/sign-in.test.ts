// Signing in to the web console with Chromium.
import { expect, test } from 'vitest'

import { accessibilityProblems } from './support/axe.ts'
import { useConsole } from './support/use-console.ts'

const suite = useConsole()

test('a person signs in with an API key, and stays signed in after a reload', { tags: ['OP-3'] }, async () => {
  const { page, faults } = await suite.open()
  faults.allowStatus(401)
  await page.getByLabel('API key').fill(suite.executor.keys.ada)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Executions' }).first().waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'Executions' }).first().waitFor()
  expect(await page.getByLabel('API key').count()).toBe(0)
})

test('a key that the executor does not know is refused with the reason', { tags: ['OP-3'] }, async () => {
  const { page, faults } = await suite.open()
  faults.allowStatus(401)
  await page.getByLabel('API key').fill('not a key of this executor')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The API key is not known to this executor.').waitFor()
  expect(await page.context().cookies()).toEqual([])
})

test('a script that is written into the page does not run, and the fault is found', { tags: ['OP-3'] }, async () => {
  const { page, faults } = await suite.open()
  faults.allowStatus(401)
  const result = await page.evaluate(`{
    const script = document.createElement('script')
    try {
      script.text = 'document.title = "hacked"'
      document.head.append(script)
      document.title
    } catch (error) {
      error.name
    }
  }`)
  expect(result).toBe('TypeError')
  await expect.poll(() => faults.found.join()).toContain('require-trusted-types-for')
  faults.clear()
})

test.each(['light', 'dark'] as const)(
  'axe finds no problem on the sign-in page in %s colours',
  { tags: ['OP-3'] },
  async (colorScheme) => {
    const { page, faults } = await suite.open({ colorScheme, viewport: { width: 360, height: 640 } })
    faults.allowStatus(401)
    await page.getByLabel('API key').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
  },
)
