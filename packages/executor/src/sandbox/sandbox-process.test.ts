import { execPath } from 'node:process'

import { expect, test } from 'vitest'

import { encodeFrame } from './frames.ts'
import type { Jail } from './jail/jails.ts'
import type { SandboxMessage } from './protocol.ts'
import { SandboxProcess, type SandboxProcessOptions } from './sandbox-process.ts'

const ready: SandboxMessage = { type: 'ready', versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' } }

/** A process that says it is ready when its input ends, and then goes. */
const program = `
  const ready = Buffer.from('${encodeFrame(ready).toString('base64')}', 'base64')
  process.stdin.on('end', () => fs.writeSync(3, ready)).resume()`
const lateJail: Jail = { tier: 'permissions', layers: [], command: [execPath, '-e', program] }

test('a process that is ended before it is ready is never reported as ready', async () => {
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  const options: SandboxProcessOptions = {
    jail: lateJail,
    onReady: tell('ready'),
    onExit: tell('exit'),
    onChange: tell('change'),
    onMisdeed: tell('misdeed'),
    isFull: () => false,
    hasElsewhere: () => false,
    contention: () => 1,
  }
  await new SandboxProcess(options).end()
  expect(told).toEqual([])
})
