import { expect, test } from 'vitest'

import { longTasksDuring } from '../support/long-tasks.ts'
import { openEverything } from '../support/open-everything.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

/** Maximum CPU time of a task in milliseconds. A longer one freezes the page. */
const limitMs = 1_000

test.each(['success', 'longLines'] as const)(
  'lines of a megabyte do not freeze the page: %s',
  { tags: ['OP-3'] },
  async (name) => {
    const { consoleUrl, data } = suite.executor
    const { page } = await suite.open({ as: 'viewer', path: '/approvals' })
    const tasks = await longTasksDuring(page, () =>
      openEverything(page, `${consoleUrl}/executions/${data.hostile[name]}`),
    )
    expect(tasks.filter((ms) => ms > limitMs)).toEqual([])
  },
)
