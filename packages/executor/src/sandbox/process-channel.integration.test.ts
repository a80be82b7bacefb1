import { execPath } from 'node:process'

import { expect, test } from 'vitest'

import { encodeFrame } from './frames.ts'
import { ProcessChannel } from './process-channel.ts'
import type { SandboxMessage } from './protocol.ts'

const ready: SandboxMessage = { type: 'ready', versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' } }
const skipped: SandboxMessage = { type: 'skipped', guest: 1 }

/**
 * Starts a process that sends these messages when its input ends or begins, and exits when it ends. Returns what its
 * channel reports.
 */
function channelTo(when: 'data' | 'end', messages: readonly SandboxMessage[]) {
  const frames = Buffer.concat(messages.map((message) => encodeFrame(message))).toString('base64')
  const program = `process.stdin.on('${when}', () => fs.writeSync(3, Buffer.from('${frames}', 'base64'))).resume()`
  const reported: string[] = []
  const { promise: exited, resolve } = Promise.withResolvers<void>()
  const channel = new ProcessChannel({
    jail: { tier: 'permissions', layers: [], command: [execPath, '-e', program] },
    onReady: () => reported.push('ready'),
    onMessage: ({ type }) => reported.push(type),
    onIsolates: ({ unused, used }) => reported.push(`${unused} unused, ${used} used`),
    onExit: ({ reason }) => {
      reported.push(reason)
      resolve()
    },
  })
  return { channel, reported, exited }
}

test('a channel that is ended before it is ready ignores later messages', async () => {
  const { channel, reported } = channelTo('end', [ready, skipped])
  await channel.end()
  expect(reported).toEqual(['exit code 0'])
  expect(channel.isReady).toBe(false)
})

test('reports on isolates are no messages about a guest', async () => {
  const { channel, reported, exited } = channelTo('data', [ready, { type: 'isolates', unused: 2, used: 1 }, ready])
  channel.send({ type: 'close', guest: 1 })
  await exited
  expect(reported.slice(0, 2)).toEqual(['ready', '2 unused, 1 used'])
})

test.each([
  [
    'that sends a message before it is ready',
    [skipped],
    ['it violated the protocol: Error: a message of type skipped came before the process was ready'],
  ],
  [
    'that reports ready twice',
    [ready, skipped, ready],
    ['ready', 'skipped', 'it violated the protocol: Error: the process reported ready twice'],
  ],
])('the channel ends a process %s', async (_what, messages, expected) => {
  const { channel, reported, exited } = channelTo('data', messages)
  channel.send({ type: 'close', guest: 1 })
  await exited
  expect(reported).toEqual(expected)
})
