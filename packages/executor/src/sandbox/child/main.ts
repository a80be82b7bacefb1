/**
 * Entry point of a sandbox process. It reads the guest runtime from `runtimeDescriptor` and frames from its standard
 * input, runs guests, and writes frames to `outputDescriptor`. Writing is synchronous, so that a turn's frame has been
 * written before the next turn begins, and a flood of output waits for its reader.
 */
import { closeSync, readFileSync, writeSync } from 'node:fs'
import process from 'node:process'

import { outputDescriptor, runtimeDescriptor } from '../descriptors.ts'
import { encodeTransientFrame, FrameReader } from '../frames.ts'
import { isolateReportIntervalMs, type IsolateCounts } from '../isolate-reports.ts'
import { isLastTurn, mayBeFollowed } from '../last-turn.ts'
import type { HostMessage, SandboxMessage, SourceCheckSpec } from '../protocol.ts'
import type { RuntimeSource } from '../bundle-runtime.ts'
import { callsInFrames } from './calls-in-frames.ts'
import { checkSource } from './check-source.ts'
import type { GuestHost, TurnReply } from './guest-host.ts'
import { IdleWork, type PieceOfWork } from './idle-work.ts'
import { GuestRuntime } from './isolates/guest-runtime.ts'
import { setProcessFlags } from './isolates/v8-flags.ts'
import { WarmIsolates } from './isolates/warm-isolates.ts'
import { openGuest } from './open-guest.ts'
import { isParserBroken, isParserLoaded, loadParser } from './source/prepare-source.ts'
import { compileForTypicalGuest } from './typical-guest.ts'

type TurnMessage = Extract<HostMessage, { type: 'turn' }>

/**
 * Milliseconds between checks for idle work while no messages arrive, so that isolates kept after a burst are disposed of.
 */
const maintenanceIntervalMs = 10_000

/**
 * Milliseconds after which no further turn of a message is begun. The time within the guest stands still until then, and other
 * guests wait.
 */
const maxMessageMs = 3

const guests = new Map<number, GuestHost>()
const runtime = new GuestRuntime(JSON.parse(readFileSync(runtimeDescriptor, 'utf8')) as RuntimeSource)
closeSync(runtimeDescriptor)
setProcessFlags()
compileForTypicalGuest(runtime)
const isolates = new WarmIsolates(runtime)
const reader = new FrameReader()
const pending: HostMessage[] = []
/** Guests whose `close` has arrived but has not been handled. Their pending turns are skipped. */
const closed = new Set<number>()
/** Guests that wait, and whose isolates may have much memory of earlier guests. */
const waitingWithGarbage = new Set<number>()

process.stdin.on('data', (chunk: Buffer) => {
  const isIdle = pending.length === 0
  for (const message of reader.push(chunk) as HostMessage[]) {
    if (message.type === 'close') closed.add(message.guest)
    pending.push(message)
  }
  if (isIdle && pending.length > 0) handleNext()
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
const idleWork = new IdleWork({ pieces: piecesOfWork, hasGuests: () => guests.size > 0 })
idleWork.look()
setInterval(() => idleWork.look(), maintenanceIntervalMs).unref()
setInterval(reportIsolates, isolateReportIntervalMs).unref()
let reportedIsolates: IsolateCounts = { unused: 0, used: 0 }

/** Reports the number of isolates that are ready for a guest, if it has changed. */
function reportIsolates(): void {
  const { unused, used } = isolates.readyCounts
  if (unused === reportedIsolates.unused && used === reportedIsolates.used) return
  reportedIsolates = { unused, used }
  send({ type: 'isolates', unused, used })
}

function* piecesOfWork(): Iterable<PieceOfWork> {
  yield* isolates.piecesOfWork()
  const [guest] = waitingWithGarbage
  if (guest !== undefined) yield { isLong: true, isUrgent: false, run: () => freeMemoryOf(guest) }
  if (!isParserLoaded()) yield { isLong: true, isUrgent: true, run: loadParser }
}

/**
 * Handles one message in each round of the event loop, so that messages that arrived meanwhile are read before the next
 * turn begins.
 */
function handleNext(): void {
  idleWork.pause()
  const message = pending.shift()!
  handle(message)
  if (pending.length > 0) setImmediate(handleNext)
  else idleWork.resume()
}

function handle(message: HostMessage): void {
  const { guest } = message
  switch (message.type) {
    case 'turn':
      if (closed.has(guest)) {
        send({ type: 'skipped', guest })
        break
      }
      if (isCheck(message.spec)) reply(checkSource(message.spec), guest)
      else runTurns(hostOf(message, message.spec), message)
      break
    case 'close':
      close(guest)
      closed.delete(guest)
      break
  }
}

/** Returns the guest of a turn. The first turn carries the spec that the guest is made from. */
function hostOf(
  { guest, ownIsolate = false }: TurnMessage,
  spec: Exclude<TurnMessage['spec'], SourceCheckSpec>,
): GuestHost {
  const host = spec ? openGuest(spec, isolates.take(spec.limits.memoryLimitMb, ownIsolate)) : guests.get(guest)!
  guests.set(guest, host)
  return host
}

/** Frees the memory that earlier guests have left in the isolate of a waiting guest, and reports how much is kept. */
function freeMemoryOf(guest: number): void {
  waitingWithGarbage.delete(guest)
  const host = guests.get(guest)!
  host.freeMemory()
  if (host.sizeBytes < Infinity) send({ type: 'freed', guest, guestBytes: host.sizeBytes })
}

function close(guest: number): void {
  waitingWithGarbage.delete(guest)
  const host = guests.get(guest)
  if (host?.hasEndedByItself) isolates.giveBack(host.isolate, host.sizeBytes)
  else if (host) isolates.discard(host.isolate, host.sizeBytes)
  guests.delete(guest)
}

/** Runs the turns of a message, and reports each at its end. */
function runTurns(host: GuestHost, { guest, delivery, ahead = [], timeoutMs }: TurnMessage): void {
  waitingWithGarbage.delete(guest)
  const endsAt = performance.now() + maxMessageMs
  for (const [index, content] of [delivery, ...ahead].entries()) {
    const turn = host.turn(content, timeoutMs)
    const isFollowed = index < ahead.length && mayBeFollowed(turn) && performance.now() < endsAt
    if (isFollowed && turn.type === 'turn') turn.isFollowed = true
    report(turn, guest)
    if (isFollowed) continue
    if (isLastTurn(turn, host.hasSteps)) close(guest)
    else if (host.shouldFreeMemory) waitingWithGarbage.add(guest)
    return
  }
}

function report(turn: TurnReply, guest: number): void {
  if (turn.type === 'turn') {
    const { ahead, last } = callsInFrames(turn.effects.calls)
    for (const calls of ahead) send({ type: 'calls', guest, calls })
    turn.effects.calls = last
  }
  reply(turn, guest)
}

function reply(turn: TurnReply, guest: number): void {
  send(turn.type === 'skipped' ? { ...turn, guest } : { ...turn, guest, unfitForNewGuests: isParserBroken() })
}

function isCheck(spec: TurnMessage['spec']): spec is SourceCheckSpec {
  return spec !== undefined && 'kind' in spec && spec.kind === 'check'
}

function send(message: SandboxMessage): void {
  const frame = encodeTransientFrame(message)
  let written = 0
  while (written < frame.length) written += writeSync(outputDescriptor, frame, written)
}
