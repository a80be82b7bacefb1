import { expect, test } from 'vitest'

import { longTasksDuring } from '../support/long-tasks.ts'
import { openEverything } from '../support/open-everything.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

/** Maximum CPU time of a task in milliseconds. A longer one freezes the page. */
const limitMs = 1_000

test('lines of a megabyte do not freeze the page', { tags: ['OP-3'] }, async () => {
  const { consoleUrl, data } = suite.executor
  const { page } = await suite.open({ as: 'viewer', path: '/approvals' })
  const tasks = await longTasksDuring(page, () =>
    openEverything(page, `${consoleUrl}/executions/${data.hostile.success}`),
  )
  expect(tasks.filter((ms) => ms > limitMs)).toEqual([])
})
