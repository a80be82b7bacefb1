import { expect, test } from 'vitest'

import { ActiveRuns } from './active-runs.ts'
import type { ClientRun } from './client-run.ts'

function runOf(id: string): { run: ClientRun; end: () => Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const run = { plan: { request: { id } }, result: promise } as unknown as ClientRun
  return {
    run,
    async end() {
      resolve()
      await promise
    },
  }
}

test('a run is found by each of its ids until it ends, even if another one has the same id', async () => {
  const active = new ActiveRuns()
  const [first, second] = [runOf('exe_1'), runOf('exe_1')]
  active.add(first.run)
  active.add(second.run)
  active.alias(first.run, 'exe_2')
  expect(active.find('exe_2')).toBe(first.run)
  await first.end()
  expect([active.find('exe_2'), active.all]).toEqual([undefined, [second.run]])
  active.alias(second.run, 'exe_3')
  expect(active.find('exe_3')).toBe(second.run)
  await second.end()
  active.alias(second.run, 'exe_4')
  expect([active.find('exe_3'), active.find('exe_4'), active.all]).toEqual([undefined, undefined, []])
})
