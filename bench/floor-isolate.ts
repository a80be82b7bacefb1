/**
 * Runs bare cycles of isolated-vm for the time that a message says, and answers with the cost of one. A cycle creates
 * an isolate and a context, compiles and runs a script, and disposes of the isolate: the minimum that every execution
 * needs.
 */
import process from 'node:process'

import ivm from 'isolated-vm'

import { median } from './statistics.ts'

export interface CyclesCommand {
  /** Kind of isolated-vm's calls that a cycle makes. */
  readonly calls: 'asynchronous' | 'synchronous'
  readonly forMs: number
}

/** Times of one cycle, in milliseconds. The CPU time is that of the whole process. */
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
