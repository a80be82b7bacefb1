import { expect, test } from 'vitest'

import { nearestName } from './nearest-name.ts'

const known = ['cpuTimeoutMs', 'executionTimeoutMs', 'toolTimeoutMs', 'port', 'host']

test('a misspelt name gives the known one', () => {
  expect(nearestName('cpuTimeout', known)).toBe('cpuTimeoutMs')
  expect(nearestName('EXECUTION_TIMEOUT_MS', known)).toBe('executionTimeoutMs')
  expect(nearestName('prot', known)).toBe('port')
})

test('with a maximum distance, only that many characters may differ, and a missing end counts', () => {
  expect(nearestName('prot', known, 2)).toBe('port')
  expect(nearestName('cpuTimeuotMs', known, 1)).toBe('cpuTimeoutMs')
  expect(nearestName('executionTimeout', known, 2)).toBe('executionTimeoutMs')
  expect(nearestName('execution', known, 2)).toBeUndefined()
  expect(nearestName('excutionTimoutM', known, 2)).toBeUndefined()
})

test('a name without a similar one gives nothing', () => {
  for (const name of ['colour', '', 'x', 'y'.repeat(10_000)]) expect(nearestName(name, known)).toBeUndefined()
})
