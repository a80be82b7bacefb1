/** Samples the memory of an executor's processes while a workload runs. */
import process from 'node:process'

import { memoryOf, rssMb, type ProcessMemory } from './process-usage.ts'
import type { Row } from './table.ts'

const sampleEveryMs = 500

/** Samples an executor's memory for the peak, and records it at marked moments. */
export class MemoryWatch implements Disposable {
  readonly rows: Row[] = []
  readonly #executorPid: number
  readonly #timer: NodeJS.Timeout
  #latestMb = 0
  #peakMb = 0

  constructor(executorPid: number) {
    this.#executorPid = executorPid
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs)
  }

  get latestMb(): number {
    return this.#latestMb
  }

  get peakMb(): number {
    return this.#peakMb
  }

  /** Records the current memory under a name. */
  mark(moment: string): void {
    const processes = memoryOf(this.#executorPid)
    const executor = sum(processes.filter(({ name }) => name === 'executor'))
    const all = sum(processes)
    this.#note(all)
    this.rows.push({
      moment,
      executor: Math.round(executor),
      'sandbox processes': Math.round(all - executor),
      'sandbox process count': processes.filter(({ name }) => name === 'sandbox').length,
      total: Math.round(all),
      'client (not in the total)': Math.round(rssMb(process.pid)),
    })
  }

  #sample(): void {
    this.#note(sum(memoryOf(this.#executorPid)))
  }

  #note(mb: number): void {
    this.#latestMb = mb
    this.#peakMb = Math.max(this.#peakMb, mb)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

function sum(processes: readonly ProcessMemory[]): number {
  return processes.reduce((total, { rssMb }) => total + rssMb, 0)
}
