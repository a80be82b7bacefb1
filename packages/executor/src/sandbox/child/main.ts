/**
 * A sandbox process: it reads frames on its standard input, runs guests, and writes frames to descriptor 3. Writing
 * is synchronous, so that a turn's frame has left before the next turn begins and a flood waits for its reader.
 */
import { writeSync } from 'node:fs'
import process from 'node:process'

import { encodeFrame, FrameReader } from '../frames.ts'
import type { HostMessage, SandboxMessage } from '../protocol.ts'
import { callsInFrames } from './calls-in-frames.ts'
import { GuestHost } from './guest-host.ts'
import { guestRuntimeHash } from './guest-runtime.ts'
import { isParserBroken, warmUp } from './source/prepare-source.ts'

const outputDescriptor = 3
const guests = new Map<number, GuestHost>()
const reader = new FrameReader()
const waiting: HostMessage[] = []
/** Guests whose `close` has come but not its turn: their turns are not worth running any more. */
const closed = new Set<number>()

warmUp()
process.stdin.on('data', (chunk: Buffer) => {
  for (const message of reader.push(chunk) as HostMessage[]) {
    if (message.type === 'close') closed.add(message.guest)
    if (waiting.push(message) === 1) setImmediate(handleNext)
  }
})
process.stdin.on('end', () => process.exit())
// A terminal sends these to the whole group. The executor drains first, and ends this process by closing its input.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
send({
  type: 'ready',
  versions: {
    v8: process.versions.v8,
    icu: process.versions['icu'] ?? 'none',
    arch: process.arch,
    guestRuntime: guestRuntimeHash,
  },
})

/** One message in each round of the event loop, so that what has come meanwhile is read before a turn begins. */
function handleNext(): void {
  handle(waiting.shift()!)
  if (waiting.length > 0) setImmediate(handleNext)
}

function handle(message: HostMessage): void {
  const { guest } = message
  switch (message.type) {
    case 'open':
      if (!closed.has(guest)) guests.set(guest, new GuestHost(message.spec))
      break
    case 'turn':
      if (closed.has(guest)) {
        send({ type: 'skipped', guest })
        break
      }
      runTurn(guests.get(guest)!, message)
      break
    case 'close':
      guests.get(guest)?.close()
      guests.delete(guest)
      closed.delete(guest)
      break
  }
}

function runTurn(host: GuestHost, { guest, delivery, timeoutMs }: Extract<HostMessage, { type: 'turn' }>): void {
  const reply = host.turn(delivery, timeoutMs)
  if (reply.type === 'turn') {
    const { ahead, last } = callsInFrames(reply.effects.calls)
    for (const calls of ahead) send({ type: 'calls', guest, calls })
    reply.effects.calls = last
  }
  send(reply.type === 'skipped' ? { ...reply, guest } : { ...reply, guest, worn: isParserBroken() })
}

function send(message: SandboxMessage): void {
  const frame = encodeFrame(message)
  let written = 0
  while (written < frame.length) written += writeSync(outputDescriptor, frame, written)
}
