import { expect, test } from 'vitest'

import { deathOf } from './death.ts'

test.each([
  ['a signal', null, 'SIGSEGV', '', { fromOutside: false, outOfMemory: false }],
  ['a signal that bwrap reports as an exit code', 139, null, '', { fromOutside: false, outOfMemory: false }],
  ['SIGKILL', null, 'SIGKILL', '', { fromOutside: true, outOfMemory: false }],
  ['SIGKILL that bwrap reports as an exit code', 137, null, '', { fromOutside: true, outOfMemory: false }],
  ['an exit of the process itself', 1, null, 'Error: no', { fromOutside: false, outOfMemory: false }],
  ['an exhausted heap', 134, null, '# Fatal JavaScript out of memory: x', { fromOutside: false, outOfMemory: true }],
  ['a long string', 133, null, '# Fatal JavaScript invalid size error 4', { fromOutside: false, outOfMemory: true }],
] as const)('deathOf recognises %s as the cause of death', (_of, code, signal, stderrTail, expected) => {
  expect(deathOf(code, signal, stderrTail)).toMatchObject(expected)
})

test('the reason names the signal and the last output of the process', () => {
  expect(deathOf(137, null, '').reason).toBe('SIGKILL')
  expect(deathOf(null, 'SIGSEGV', 'one\ntwo\n').reason).toBe('SIGSEGV: one | two')
  expect(deathOf(3, null, '').reason).toBe('exit code 3')
})
