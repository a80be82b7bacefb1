import { expect, test } from 'vitest'

import { logObserver } from './log-observer.ts'
import { createLogger } from './log.ts'

function observed() {
  const lines: unknown[] = []
  const logger = createLogger({ level: 'info', to: { write: (line) => void lines.push(JSON.parse(line)) } })
  return { lines, observer: logObserver(logger) }
}

test('a bug is logged with its stack and the ids of the execution', () => {
  const { lines, observer } = observed()
  observer.executionFailedByBug(new Error('oops'), { executionId: 'exe_1', correlationId: 'cor_1' })
  expect(lines).toMatchObject([
    {
      level: 'error',
      executionId: 'exe_1',
      correlationId: 'cor_1',
      err: { message: 'oops', stack: expect.stringContaining('log-observer') as string },
    },
  ])
})

test('the end of a sandbox process and the throttling of a tenant are warnings', () => {
  const { lines, observer } = observed()
  observer.sandboxProcessEnded('killed by SIGKILL')
  observer.tenantThrottled('acme', 500)
  expect(lines).toMatchObject([
    { level: 'warn', reason: 'killed by SIGKILL' },
    { level: 'warn', tenant: 'acme', throttledMs: 500 },
  ])
})

test('only the weakest isolation is a warning', () => {
  const { lines, observer } = observed()
  observer.sandboxStarted({ tier: 'bubblewrap', layers: [] })
  observer.sandboxStarted({ tier: 'permissions', layers: [] })
  expect(lines).toMatchObject([{ level: 'warn', tier: 'permissions' }])
})
