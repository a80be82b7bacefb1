/**
 * Compares Codemode with other products that run code for agents, each over HTTP on this machine, in the same rounds. The
 * order of the products is rotated in each round and reversed in every second one, and a workload is measured on all of them before the next workload.
 * Installs the peers with npm outside this workspace. `--rounds` is 7 by default. `--waiting N` is the number of executions
 * whose memory is measured, 100 by default. `--write` replaces the numbers and the plot in docs/performance.md and design/peers.md.
 */
import { execFileSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'

import { overCallbacks, withClient } from './peers/codemode-products.ts'
import { writeDocuments } from './peers/documents.ts'
import { goalsBesidePeers } from './peers/goals.ts'
import { installPeers, versionList } from './peers/installation.ts'
import type { Load } from './peers/load.ts'
import { MeasuredProduct } from './peers/measured-product.ts'
import { peerProducts } from './peers/peer-products.ts'
import { compareProducts } from './peers/results.ts'
import { reportTables } from './peers/tables.ts'
import { loadWorkloadKeys, loadWorkloads, waitingCount } from './peers/workloads.ts'
import { machine } from './report.ts'
import { repository } from './revision.ts'
import type { Workload } from './workload.ts'

export const peers: Workload = async (args, report, { rounds }) => {
  const { values } = parseArgs({
    args: [...args],
    options: { waiting: { type: 'string', default: String(waitingCount) }, write: { type: 'boolean', default: false } },
  })
  const waiting = Number(values.waiting)
  const machineAtStart = machine()
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: repository, stdio: 'inherit' })
  const products = [overCallbacks, withClient, ...peerProducts(await installPeers())]
  report.note(versionList)

  await using stack = new AsyncDisposableStack()
  const measured: MeasuredProduct[] = []
  for (const product of products) measured.push(stack.use(await MeasuredProduct.start(product)))
  const notes = (await Promise.all(measured.map((product) => product.note()))).filter((note) => note !== undefined)
  for (const note of notes) report.note(note)
  for (const product of measured) await product.warmUp()
  for (let round = 0; round < rounds; round++) {
    report.note(`round ${round + 1} of ${rounds}, load average ${loadavg()[0]!.toFixed(1)}`)
    const first = round % measured.length
    const rotated = [...measured.slice(first), ...measured.slice(0, first)]
    const inOrder = round % 2 === 0 ? rotated : rotated.toReversed()
    for (const key of loadWorkloadKeys) {
      const { slices = 1 }: Load = loadWorkloads[key].load
      for (let slice = 0; slice < slices; slice++) for (const product of inOrder) await product.measureSlice(key)
      for (const product of inOrder) product.endRound(key)
    }
    for (const product of inOrder) await product.measureFresh(waiting)
  }

  const samples = measured.map((product) => product.samples)
  const results = compareProducts(samples, waiting)
  reportTables(report, samples, results)
  const goals = goalsBesidePeers(samples)
  for (const goal of goals) report.goal(goal)
  report.keep('peers', results)
  if (values.write) writeDocuments({ results, goals, rounds, machine: machineAtStart, notes })
}
