import { once } from 'node:events'
import process from 'node:process'

import { expect, test } from 'vitest'

import { combineObservers } from './engine-observer.ts'

const ids = { executionId: 'exe_1', correlationId: 'cor_1' }

test('every observer gets the events that it implements', () => {
  const events: unknown[] = []
  const observer = combineObservers([
    { sandboxProcessEnded: (reason) => events.push(['first', reason]) },
    {
      sandboxProcessEnded: (reason) => events.push(['second', reason]),
      tenantThrottled: (tenant, throttledMs) => events.push([tenant, throttledMs]),
      executionFailedByBug: (error, { executionId }) => events.push([error, executionId]),
      sandboxStarted: ({ tier }) => events.push(tier),
    },
  ])
  observer.sandboxStarted({ tier: 'permissions', layers: [] })
  observer.sandboxProcessEnded('exit 1')
  observer.tenantThrottled('acme', 500)
  observer.executionFailedByBug('bug', ids)
  expect(events).toEqual(['permissions', ['first', 'exit 1'], ['second', 'exit 1'], ['acme', 500], ['bug', 'exe_1']])
})

test('an observer that throws is reported as a warning and does not keep the event from the others', async () => {
  const events: unknown[] = []
  const warned = once(process, 'warning')
  const observer = combineObservers([
    {
      executionFailedByBug() {
        throw new Error('no space left on device')
      },
    },
    { executionFailedByBug: (error) => events.push(error) },
  ])
  observer.executionFailedByBug('bug', ids)
  expect(events).toEqual(['bug'])
  expect(await warned).toMatchObject([
    { name: 'ObserverWarning', message: expect.stringContaining('no space left on device') as string },
  ])
})
