import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { expect, test } from 'vitest'

import { killLaunched } from './launch.ts'

test('a process is killed together with the one that it has started', async () => {
  const process = spawn('sh', ['-c', 'sh -c "echo started; exec sleep 60"; true'])
  await once(process.stdout, 'data')
  // Once nobody holds the pipes any more.
  const isOver = once(process, 'close')
  killLaunched(process)
  expect(await isOver).toEqual([null, 'SIGKILL'])
})

test.each([
  ['by itself', { exitCode: 0, signalCode: null }],
  ['by a signal', { exitCode: null, signalCode: 'SIGSEGV' }],
] as const)('a process that has ended %s is not killed: its number may be another’s by now', async (_how, ending) => {
  const innocent = spawn('sleep', ['60'])
  await once(innocent, 'spawn')
  const isOver = once(innocent, 'exit')
  killLaunched({ pid: innocent.pid, ...ending })
  innocent.kill('SIGTERM')
  expect(await isOver).toEqual([null, 'SIGTERM'])
})
