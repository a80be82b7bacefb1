import { expect, test } from 'vitest'

import { nearestName } from './nearest-name.ts'

const known = ['cpuTimeoutMs', 'executionTimeoutMs', 'toolTimeoutMs', 'port', 'host']

test('a misspelt name gives the known one', () => {
  expect(nearestName('cpuTimeout', known)).toBe('cpuTimeoutMs')
  expect(nearestName('EXECUTION_TIMEOUT_MS', known)).toBe('executionTimeoutMs')
  expect(nearestName('prot', known)).toBe('port')
})

test('a name without a similar one gives nothing', () => {
  for (const name of ['colour', '', 'x', 'y'.repeat(10_000)]) expect(nearestName(name, known)).toBeUndefined()
})
