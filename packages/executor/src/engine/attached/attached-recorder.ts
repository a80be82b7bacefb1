import { RequestError } from '@codemode/shared'

import type { EndedExecution, ExecutionStore } from '../../store/execution-store.ts'
import { Fifo } from '../fifo.ts'
import { WakeUp } from '../runner/wake-up.ts'

/** Maximum number of executions that wait to be recorded, and of the bytes of memory that they take. */
const maxWaiting = 5_000
const maxWaitingBytes = 32 * 1024 * 1024
/** Maximum number of executions that are recorded at once, and of the bytes of memory that they take. */
const maxBatch = 100
const maxBatchBytes = 1024 * 1024

/** Milliseconds between two batches, unless a whole batch waits. */
const gatherMs = 100
/** Milliseconds after a failure. */
const retryMs = 1_000
/** Number of attempts to record an execution by itself. */
const maxAttempts = 3
/** Milliseconds between two reports of executions that were dropped. */
const reportMs = 5_000
/** Milliseconds for which closing waits until all executions are recorded. */
const closeMs = 2_000

interface AttachedRecorderOptions {
  readonly store: Pick<ExecutionStore, 'isInUse' | 'record'>
  /** Called with the number of executions that were not recorded since the last call. */
  onDropped(this: void, count: number): void
}

interface Waiting {
  readonly execution: EndedExecution
  /** Bytes of memory that it takes. */
  readonly heapBytes: number
  /** Called when the store has the execution. */
  readonly onRecorded: (this: void) => void
}

/**
 * Recorder of attached executions that have ended. It writes them to the store in batches, in the background. An execution
 * that the store does not take in time is dropped and counted.
 */
export class AttachedRecorder {
  readonly #options: AttachedRecorderOptions
  readonly #waiting = new Fifo<Waiting>()
  readonly #pause = new WakeUp()
  #waitingBytes = 0
  #writing: Promise<void> | undefined
  #batchSize = maxBatch
  /** Number of failed attempts to record the first execution by itself. */
  #attempts = 0
  #dropped = 0
  #reportTimer: NodeJS.Timeout | undefined
  #isClosing = false
  #isClosed = false

  constructor(options: AttachedRecorderOptions) {
    this.#options = options
  }

  /** Records an execution soon. Returns false if it does not, because the store is not in use or too many wait. */
  add(execution: EndedExecution, { heapBytes, onRecorded }: Omit<Waiting, 'execution'>): boolean {
    if (!this.#options.store.isInUse) return false
    if (this.#isClosing || this.#waiting.size >= maxWaiting || this.#waitingBytes + heapBytes > maxWaitingBytes) {
      this.#drop(1)
      return false
    }
    this.#waiting.add({ execution, heapBytes, onRecorded })
    this.#waitingBytes += heapBytes
    this.#writing ??= this.#writeAll()
    return true
  }

  /** Records what waits, for a short time, and drops the rest. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#pause.wake()
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, closeMs)
    await Promise.race([this.#writing, timeout.promise])
    clearTimeout(timer)
    this.#isClosed = true
    this.#pause.wake()
    this.#drop(this.#waiting.size)
    this.#report()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      if (this.#waiting.size < this.#batchSize) await this.#wait(gatherMs)
      if (this.#isClosed) return
      await this.#writeBatch()
    }
    this.#writing = undefined
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#nextBatch()
    try {
      await this.#options.store.record(batch)
    } catch (error) {
      return this.#failed(batch.length, error)
    }
    this.#batchSize = maxBatch
    for (let n = 0; n < batch.length; n++) this.#waiting.at(n)?.onRecorded()
    this.#take(batch.length)
  }

  #nextBatch(): EndedExecution[] {
    const batch: EndedExecution[] = []
    let heapBytes = 0
    while (batch.length < Math.min(this.#batchSize, this.#waiting.size)) {
      const next = this.#waiting.at(batch.length)!
      heapBytes += next.heapBytes
      if (batch.length > 0 && heapBytes > maxBatchBytes) break
      batch.push(next.execution)
    }
    return batch
  }

  /** Makes the next batch smaller, because this one was too large for the store, or one of its executions is wrong. */
  async #failed(batchSize: number, error: unknown): Promise<void> {
    this.#batchSize = Math.ceil(batchSize / 2)
    if (batchSize === 1) {
      this.#attempts += 1
      const mayHelp = error instanceof RequestError && this.#attempts < maxAttempts
      if (!mayHelp) this.#drop(this.#take(1))
    }
    await this.#wait(retryMs)
  }

  async #wait(ms: number): Promise<void> {
    if (!this.#isClosing) await this.#pause.wait(ms)
  }

  #take(count: number): number {
    for (let n = 0; n < count; n++) this.#waitingBytes -= this.#waiting.take()?.heapBytes ?? 0
    this.#attempts = 0
    return count
  }

  #drop(count: number): void {
    this.#dropped += count
    if (count > 0 && !this.#isClosed) this.#reportTimer ??= setTimeout(() => this.#report(), reportMs)
  }

  #report(): void {
    clearTimeout(this.#reportTimer)
    this.#reportTimer = undefined
    if (this.#dropped > 0) this.#options.onDropped(this.#dropped)
    this.#dropped = 0
  }
}
