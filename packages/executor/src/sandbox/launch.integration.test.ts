import { type ChildProcess, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { execPath } from 'node:process'

import { expect, onTestFinished, test } from 'vitest'

import { candidateJails } from './jail/jails.ts'
import { killLaunched, launchAhead, launchSandboxProcess } from './launch.ts'
import { ProcessPool } from './process-pool.ts'

// Jail that works on every machine.
const jail = candidateJails().at(-1)!

/** Returns the processes that are started in this test, in order. They end with it. */
function startedProcesses(): ChildProcess[] {
  const started: ChildProcess[] = []
  const add = (message: unknown): void => void started.push((message as { process: ChildProcess }).process)
  subscribe('child_process', add)
  onTestFinished(async () => {
    unsubscribe('child_process', add)
    for (const process of started) {
      process.on('error', () => {})
      if (process.pid === undefined) continue
      killLaunched(process)
      if (process.exitCode === null && process.signalCode === null) await once(process, 'exit')
    }
  })
  return started
}

test('the process that was started ahead goes to the first launch in its jail', async () => {
  const started = startedProcesses()
  await launchAhead(jail)
  expect(started).toHaveLength(1)
  const { process, output } = launchSandboxProcess(jail)
  expect(process).toBe(started[0])
  await once(output, 'readable')
  expect(String(output.read())).toContain('"type":"ready"')
  expect(launchSandboxProcess(jail).process).toBe(started[1])
})

test('a pool uses the process that was started ahead', async () => {
  const started = startedProcesses()
  await launchAhead(jail)
  await using _pool = await ProcessPool.start({ size: 1, jails: [jail] })
  expect(started).toHaveLength(1)
})

test('a launch in another jail ends the process that was started ahead', async () => {
  const started = startedProcesses()
  await launchAhead(jail)
  expect(launchSandboxProcess({ ...jail, command: [execPath, '--eval', ''] }).process).toBe(started[1])
  await once(started[0]!, 'exit')
  expect(launchSandboxProcess(jail).process).toBe(started[2])
})

test.each([
  ['does not exist', ['/nonexistent']],
  ['ends at once', [execPath, '--eval', '']],
  ['does not read its filter', ['/bin/sleep', '60']],
])('a command that %s blocks no launch, and is tried again', async (_how, command) => {
  const started = startedProcesses()
  const broken = { ...jail, command, filter: Buffer.alloc(8) }
  await launchAhead(broken)
  const [ahead] = started
  if (ahead?.pid !== undefined && ahead.exitCode === null) {
    killLaunched(ahead)
    await once(ahead, 'exit')
  }
  expect(ahead?.stdio.every((stream) => stream?.destroyed ?? true)).toBe(true)
  expect(launchSandboxProcess(broken).process).toBe(started[1])
})

test('killLaunched kills a process together with its child', async () => {
  const process = spawn('sh', ['-c', 'sh -c "echo started; exec sleep 60"; true'])
  await once(process.stdout, 'data')
  // `close` comes once no process holds the pipes.
  const isOver = once(process, 'close')
  killLaunched(process)
  expect(await isOver).toEqual([null, 'SIGKILL'])
})

test.each([
  ['by itself', { exitCode: 0, signalCode: null }],
  ['by a signal', { exitCode: null, signalCode: 'SIGSEGV' }],
] as const)('killLaunched spares a process that has ended %s, as its pid may be reused', async (_how, ending) => {
  const bystander = spawn('sleep', ['60'])
  await once(bystander, 'spawn')
  const isOver = once(bystander, 'exit')
  killLaunched({ pid: bystander.pid, ...ending })
  bystander.kill('SIGTERM')
  expect(await isOver).toEqual([null, 'SIGTERM'])
})
