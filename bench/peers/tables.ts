import { spreads } from '../comparison.ts'
import type { Report } from '../report.ts'
import type { Cell, Row } from '../table.ts'
import type { ProductResult, ProductSamples, WorkloadResult } from './results.ts'
import { loadWorkloadKeys, loadWorkloads } from './workloads.ts'

/** Reports the measurements of each workload, then the ratios, then the reasons of failures. */
export function reportTables(
  report: Report,
  products: readonly ProductSamples[],
  results: readonly WorkloadResult[],
): void {
  for (const key of loadWorkloadKeys) {
    report.table(
      loadWorkloads[key].name,
      products.map(({ name, loads }) => {
        const columns = loads[key].map(({ p50Ms, p99Ms, wallMs, perSecond, cpuMs, failed, count }) => ({
          'p50 ms': p50Ms,
          'p99 ms': p99Ms,
          'all ms': wallMs,
          'per second': perSecond,
          'CPU ms each': cpuMs,
          failed,
          of: count,
        }))
        return { product: name, ...spreads(columns) }
      }),
    )
  }
  report.table(
    'From the start of the process',
    products.map(({ name, fresh }) => {
      const columns = fresh.map(({ firstResultMs, idleMb, waitingMb, failed, count }) => ({
        'first result ms': firstResultMs,
        'idle MB': idleMb,
        'MB for each waiting execution': waitingMb,
        failed,
        of: count,
      }))
      return { product: name, ...spreads(columns) }
    }),
  )
  report.table(
    'Codemode divided by each peer, in the same round',
    results.map((result) => workloadRow(result, ({ ratio }) => ratio)),
  )
  for (const line of failureLines(results)) report.note(line)
}

/** Returns the row of a workload, with a cell for each product: the given one, or the share that failed. */
export function workloadRow(
  { workload, unit, products }: WorkloadResult,
  cellOf: (result: ProductResult) => Cell,
): Row {
  const cells = products.flatMap((result): [string, Cell][] => {
    const { product, failed } = result
    const cell = failed === undefined ? cellOf(result) : `${Math.round((100 * failed.failed) / failed.count)} % fail`
    return cell === undefined ? [] : [[product, cell]]
  })
  return { workload: `${workload} (${unit})`, ...Object.fromEntries(cells) }
}

/** Returns a line for each product and workload in which executions failed, with the first reason. */
function failureLines(results: readonly WorkloadResult[]): string[] {
  return results.flatMap(({ workload, products }) =>
    products.flatMap(({ product, failed }) => {
      if (failed === undefined) return []
      return [`${product}, ${workload}: ${failed.failed} of ${failed.count} failed, the first with: ${failed.reason}`]
    }),
  )
}
