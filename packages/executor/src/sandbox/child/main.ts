/**
 * Entry point of a sandbox process. It reads the guest runtime from descriptor 5 and frames from its standard input,
 * runs guests, and writes frames to descriptor 3. Writing is synchronous, so that a turn's frame has left before the
 * next turn begins, and a flood of output waits for its reader.
 */
import { closeSync, readFileSync, writeSync } from 'node:fs'
import process from 'node:process'

import { encodeScratchFrame, FrameReader } from '../frames.ts'
import type { HostMessage, SandboxMessage } from '../protocol.ts'
import type { RuntimeSource } from '../runtime-source.ts'
import { callsInFrames } from './calls-in-frames.ts'
import { compileLater } from './compiler-flags.ts'
import { GuestHost } from './guest-host.ts'
import { GuestRuntime } from './guest-runtime.ts'
import { IdleWork } from './idle-work.ts'
import { IsolateStock } from './isolate-stock.ts'
import { isParserBroken, warmUp } from './source/prepare-source.ts'
import { compileForTypicalGuest } from './typical-guest.ts'

type TurnMessage = Extract<HostMessage, { type: 'turn' }>

const outputDescriptor = 3
const runtimeDescriptor = 5

/**
 * Milliseconds after a turn for which no idle work is done. A guest that has called a tool may get its answer at once,
 * and would have to wait for that work.
 */
const quietMs = 4
/**
 * Milliseconds between starts of idle work while no messages arrive, so that isolates prepared for a burst are disposed
 * of.
 */
const tidyMs = 10_000

const guests = new Map<number, GuestHost>()
const runtime = new GuestRuntime(JSON.parse(readFileSync(runtimeDescriptor, 'utf8')) as RuntimeSource)
closeSync(runtimeDescriptor)
compileLater()
compileForTypicalGuest(runtime)
const stock = new IsolateStock(runtime)
const reader = new FrameReader()
const waiting: HostMessage[] = []
/** Guests whose `close` has arrived but has not been handled. Their waiting turns are skipped. */
const closed = new Set<number>()

process.stdin.on('data', (chunk: Buffer) => {
  const isIdle = waiting.length === 0
  for (const message of reader.push(chunk) as HostMessage[]) {
    if (message.type === 'close') closed.add(message.guest)
    waiting.push(message)
  }
  if (isIdle && waiting.length > 0) handleNext()
})
process.stdin.on('end', () => process.exit())
// A terminal sends these signals to the whole process group. The executor drains first, and ends this process by
// closing its input.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
send({
  type: 'ready',
  versions: {
    v8: process.versions.v8,
    icu: process.versions['icu'] ?? 'none',
    arch: process.arch,
    guestRuntime: runtime.hash(),
  },
})
const idleWork = new IdleWork(() => stock.tidy() || warmUp(), quietMs)
idleWork.start()
setInterval(() => idleWork.startWhenQuiet(), tidyMs).unref()

/**
 * Handles one message in each round of the event loop, so that messages that arrived meanwhile are read before the next
 * turn begins.
 */
function handleNext(): void {
  idleWork.pause()
  const message = waiting.shift()!
  handle(message)
  if (waiting.length > 0) setImmediate(handleNext)
  else if (guests.has(message.guest)) idleWork.startWhenQuiet()
  else idleWork.start()
}

function handle(message: HostMessage): void {
  const { guest } = message
  switch (message.type) {
    case 'turn':
      if (closed.has(guest)) {
        send({ type: 'skipped', guest })
        break
      }
      runTurn(guestOf(message), message)
      break
    case 'close':
      close(guest)
      closed.delete(guest)
      break
  }
}

/** Returns the guest of a turn. The first turn carries the spec that the guest is made from. */
function guestOf({ guest, spec }: TurnMessage): GuestHost {
  const host = spec ? new GuestHost(spec, stock.take(spec.limits.memoryLimitMb)) : guests.get(guest)!
  guests.set(guest, host)
  return host
}

function close(guest: number): void {
  const host = guests.get(guest)
  if (host) stock.leave(host.isolate, host.sizeBytes)
  guests.delete(guest)
}

function runTurn(host: GuestHost, { guest, delivery, timeoutMs }: TurnMessage): void {
  const reply = host.turn(delivery, timeoutMs)
  const isLast = reply.type !== 'turn' || reply.effects.end !== undefined
  if (reply.type === 'turn') {
    const { ahead, last } = callsInFrames(reply.effects.calls)
    for (const calls of ahead) send({ type: 'calls', guest, calls })
    reply.effects.calls = last
  }
  send(reply.type === 'skipped' ? { ...reply, guest } : { ...reply, guest, worn: isParserBroken() })
  if (isLast) close(guest)
}

function send(message: SandboxMessage): void {
  const frame = encodeScratchFrame(message)
  let written = 0
  while (written < frame.length) written += writeSync(outputDescriptor, frame, written)
}
