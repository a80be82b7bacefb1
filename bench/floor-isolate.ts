/**
 * Loops bare cycles of isolated-vm for so long as it is told by a message, and answers with what one took. A cycle is a new
 * isolate, a context, a script compiled and run, and the isolate disposed of: what no execution can do without.
 */
import process from 'node:process'

import ivm from 'isolated-vm'

import { median } from './statistics.ts'

export interface CyclesCommand {
  /** By isolated-vm's asynchronous calls, or by its synchronous ones. */
  readonly calls: 'asynchronous' | 'synchronous'
  readonly forMs: number
}

/** Milliseconds are of one cycle; its CPU time is that of the whole process. */
export interface CyclesReport {
  readonly p50Ms: number
  readonly cpuMs: number
  readonly perSecond: number
}

const memoryLimit = 128
const code = '1 + 1'
const warmUpMs = 200
const cycles = { asynchronous, synchronous }

async function asynchronous(): Promise<void> {
  const isolate = new ivm.Isolate({ memoryLimit })
  const context = await isolate.createContext()
  const script = await isolate.compileScript(code)
  check(await script.run(context))
  isolate.dispose()
}

function synchronous(): void {
  const isolate = new ivm.Isolate({ memoryLimit })
  const context = isolate.createContextSync()
  check(isolate.compileScriptSync(code).runSync(context))
  isolate.dispose()
}

function check(value: unknown): void {
  if (value !== 2) throw new Error(`${code} gave ${String(value)}`)
}

async function loop({ calls, forMs }: CyclesCommand): Promise<CyclesReport> {
  const tookMs: number[] = []
  const before = process.cpuUsage()
  const began = performance.now()
  let last = began
  while (last - began < forMs) {
    await cycles[calls]()
    const now = performance.now()
    tookMs.push(now - last)
    last = now
  }
  const { user, system } = process.cpuUsage(before)
  return {
    p50Ms: median(tookMs),
    cpuMs: (user + system) / 1_000 / tookMs.length,
    perSecond: (tookMs.length / (last - began)) * 1_000,
  }
}

process.on('message', (command: CyclesCommand) => void loop(command).then((report) => process.send!(report)))
await loop({ calls: 'asynchronous', forMs: warmUpMs })
await loop({ calls: 'synchronous', forMs: warmUpMs })
process.send!('ready')
