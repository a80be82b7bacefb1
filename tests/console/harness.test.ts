// The harness of the console's tests finds faults and long tasks.
import { expect, test } from 'vitest'

import { longTasksDuring } from './support/long-tasks.ts'
import { useConsole } from './support/use-console.ts'

const suite = useConsole()

test(
  'errors, warnings, failed requests and violations of the policy of a page are found',
  { tags: ['OP-3'] },
  async () => {
    const { page, faults } = await suite.open({ as: 'ada' })
    await page.evaluate(`{
    console.warn('a warning')
    setTimeout(() => { throw new Error('a page error') })
    fetch('/nothing-here')
    fetch('https://example.com/').catch(() => {})
  }`)
    for (const fault of ['console warning: a warning', 'a page error', '404 of GET', 'CSP: connect-src'])
      await expect.poll(() => faults.found.join('\n')).toContain(fault)
    faults.clear()
  },
)

test('a task of the page that takes long is measured', { tags: ['OP-3'] }, async () => {
  const { page } = await suite.open({ as: 'ada' })
  const compute = `new Promise((resolve) => setTimeout(() => {
    let sum = 0
    for (let n = 0; n < 1e9; n++) sum += n
    setTimeout(resolve)
  }))`
  const durations = await longTasksDuring(page, () => page.evaluate(compute))
  expect(Math.max(...durations)).toBeGreaterThan(200)
})
