import { setTimeout as delay } from 'node:timers/promises'

interface BatcherOptions<Item, Result> {
  readonly maxItems: number
  /** Milliseconds in which items are gathered for a batch; none by default. */
  readonly gatherMs?: number
  /** Does the work for all items at once, and returns a result for each. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>
  /** Returns whether a batch failed because of one of its items, so that each is run by itself. */
  readonly isOfOneItem: (error: unknown) => boolean
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Runs items in batches: those that arrive while a batch is under way are the next one. */
export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>
  #waiting: Waiting<Item, Result>[] = []
  #isRunning = false

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options
  }

  run(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (this.#isRunning) return
      this.#isRunning = true
      // Items of the same round of the event loop are one batch.
      setImmediate(() => void this.#runAll())
    })
  }

  async #runAll(): Promise<void> {
    const { maxItems, gatherMs } = this.#options
    while (this.#waiting.length > 0) {
      if (gatherMs !== undefined && this.#waiting.length < maxItems) await delay(gatherMs)
      await this.#runBatch(this.#waiting.splice(0, maxItems))
    }
    this.#isRunning = false
  }

  async #runBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const { run, isOfOneItem } = this.#options
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!)
    } catch (error) {
      if (batch.length > 1 && isOfOneItem(error)) for (const member of batch) await this.#runBatch([member])
      else for (const { reject } of batch) reject(error)
    }
  }
}
