/**
 * Compares Codemode with other products that run code for agents, each over HTTP on this machine, in the same rounds. The
 * order of the products is rotated in each round, and a workload is measured on all of them before the next workload.
 * Installs the peers with npm outside this workspace. `--rounds` is 7 by default. `--waiting N` is the number of executions
 * whose memory is measured, 100 by default. `--write` replaces the numbers and the plot of docs/performance.md.
 */
import { execFileSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { overCallbacks, withClient } from './peers/codemode-products.ts'
import { writeDocument } from './peers/document.ts'
import { measureFresh, type FreshSample } from './peers/fresh-process.ts'
import { goalsBesidePeers } from './peers/goals.ts'
import { installPeers, peerVersions } from './peers/installation.ts'
import { measureLoad, type LoadSample } from './peers/load.ts'
import { peerProducts } from './peers/peer-products.ts'
import type { Product, RunningProduct } from './peers/product.ts'
import { trivial } from './peers/programs.ts'
import { compareProducts, type ProductSamples } from './peers/results.ts'
import { reportTables } from './peers/tables.ts'
import { loadWorkloadKeys, loadWorkloads, waitingCount, type LoadWorkloadKey } from './peers/workloads.ts'
import { machine } from './report.ts'
import { repository } from './revision.ts'
import type { Workload } from './workload.ts'

const warmUp = { program: trivial, inFlight: 16, forMs: 2_000 }
/** Pause after each measurement, in which a product finishes what it does after its last response. */
const settleMs = 150

export const peers: Workload = async (args, report, { rounds }) => {
  const { values } = parseArgs({
    args: [...args],
    options: { waiting: { type: 'string', default: String(waitingCount) }, write: { type: 'boolean', default: false } },
  })
  const waiting = Number(values.waiting)
  const machineAtStart = machine()
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: repository, stdio: 'inherit' })
  const products = [overCallbacks, withClient, ...peerProducts(await installPeers())]
  report.note(
    Object.entries(peerVersions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  )

  await using stack = new AsyncDisposableStack()
  const measured: MeasuredProduct[] = []
  for (const product of products) measured.push(new MeasuredProduct(product, stack.use(await product.start())))
  for (const product of measured) await product.warmUp()
  for (let round = 0; round < rounds; round++) {
    report.note(`round ${round + 1} of ${rounds}, load average ${loadavg()[0]!.toFixed(1)}`)
    const first = round % measured.length
    const inOrder = [...measured.slice(first), ...measured.slice(0, first)]
    for (const key of loadWorkloadKeys) for (const product of inOrder) await product.measure(key)
    for (const product of inOrder) await product.measureFresh(waiting)
  }

  const samples = measured.map((product) => product.samples)
  const results = compareProducts(samples, waiting)
  reportTables(report, samples, results)
  for (const goal of goalsBesidePeers(samples)) report.goal(goal)
  report.keep('peers', results)
  if (values.write) writeDocument({ results, rounds, machine: machineAtStart })
}

/** Product that runs, with what was measured so far. */
class MeasuredProduct {
  readonly #product: Product
  readonly #running: RunningProduct
  readonly #loads = Object.fromEntries(loadWorkloadKeys.map((key) => [key, [] as LoadSample[]])) as Record<
    LoadWorkloadKey,
    LoadSample[]
  >
  readonly #fresh: FreshSample[] = []

  constructor(product: Product, running: RunningProduct) {
    this.#product = product
    this.#running = running
  }

  get samples(): ProductSamples {
    const isPeer = this.#product !== overCallbacks && this.#product !== withClient
    return { name: this.#product.name, isPeer, loads: this.#loads, fresh: this.#fresh }
  }

  async warmUp(): Promise<void> {
    await measureLoad(this.#running, warmUp)
    for (const key of loadWorkloadKeys) await measureLoad(this.#running, loadWorkloads[key].load)
  }

  async measure(key: LoadWorkloadKey): Promise<void> {
    this.#loads[key].push(await measureLoad(this.#running, loadWorkloads[key].load))
    await delay(settleMs)
  }

  async measureFresh(waiting: number): Promise<void> {
    this.#fresh.push(await measureFresh(this.#product, waiting))
    await delay(settleMs)
  }
}
