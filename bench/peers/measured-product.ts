import { setTimeout as delay } from 'node:timers/promises'

import { overCallbacks, withClient } from './codemode-products.ts'
import { measureFresh, type FreshSample } from './fresh-process.ts'
import { measureSlice, sampleOf, type LoadSample, type LoadSlice } from './load.ts'
import type { Product, RunningProduct } from './product.ts'
import { trivial } from './programs.ts'
import type { ProductSamples } from './results.ts'
import { loadWorkloadKeys, loadWorkloads, type LoadWorkloadKey } from './workloads.ts'

const warmUp = { program: trivial, inFlight: 16, forMs: 2_000 }
/** Pause after each measurement, in which a product finishes what it does after its last response. */
const settleMs = 150

/** Product that runs, and its measurements so far. */
export class MeasuredProduct implements AsyncDisposable {
  readonly #product: Product
  readonly #running: RunningProduct
  readonly #loads = Object.fromEntries(loadWorkloadKeys.map((key) => [key, [] as LoadSample[]])) as Record<
    LoadWorkloadKey,
    LoadSample[]
  >
  readonly #fresh: FreshSample[] = []
  #slices: LoadSlice[] = []

  private constructor(product: Product, running: RunningProduct) {
    this.#product = product
    this.#running = running
  }

  static async start(product: Product): Promise<MeasuredProduct> {
    return new MeasuredProduct(product, await product.start())
  }

  get samples(): ProductSamples {
    const isPeer = this.#product !== overCallbacks && this.#product !== withClient
    return { name: this.#product.name, isPeer, loads: this.#loads, fresh: this.#fresh }
  }

  async note(): Promise<string | undefined> {
    return await this.#running.note?.()
  }

  /** Runs each workload once, without a measurement. */
  async warmUp(): Promise<void> {
    await measureSlice(this.#running, warmUp)
    for (const key of loadWorkloadKeys) await measureSlice(this.#running, loadWorkloads[key].load)
  }

  async measureSlice(key: LoadWorkloadKey): Promise<void> {
    this.#slices.push(await measureSlice(this.#running, loadWorkloads[key].load))
    await delay(settleMs)
  }

  /** Adds the slices that were measured since the last call as the sample of one round. */
  endRound(key: LoadWorkloadKey): void {
    this.#loads[key].push(sampleOf(this.#slices))
    this.#slices = []
  }

  /** Measures the product from the start of other processes of it. */
  async measureFresh(waiting: number): Promise<void> {
    this.#fresh.push(await measureFresh(this.#product, waiting))
    await delay(settleMs)
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#running[Symbol.asyncDispose]()
  }
}
