/** Results of the comparison: for each workload, the numbers of all products, and the ratios of Codemode to each peer. */
import { spreadOf, sum, type Spread } from '../statistics.ts'
import type { FreshSample } from './fresh-process.ts'
import type { LoadSample } from './load.ts'
import { loadWorkloadKeys, loadWorkloads, type LoadWorkload, type LoadWorkloadKey } from './workloads.ts'

/** Measurements of one product, by round. */
export interface ProductSamples {
  readonly name: string
  /** True if Codemode is compared with it; false for a variant of Codemode. */
  readonly isPeer: boolean
  readonly loads: Readonly<Record<LoadWorkloadKey, readonly LoadSample[]>>
  readonly fresh: readonly FreshSample[]
}

/** Result of one product in one workload. */
export interface ProductResult {
  readonly product: string
  readonly value: Spread | undefined
  /** Failed executions of all rounds; a workload in which any has failed has neither a value nor a ratio. */
  readonly failed: { readonly failed: number; readonly count: number; readonly reason: string } | undefined
  /** Codemode's number divided by that of the product in the same round. */
  readonly ratio: Spread | undefined
}

/** Results of all products in one workload. */
export interface WorkloadResult {
  readonly workload: string
  readonly unit: string
  readonly of: 'time' | 'rate' | 'memory'
  readonly products: readonly ProductResult[]
}

interface RoundValue {
  readonly value: number
  readonly count: number
  readonly failed: number
  readonly firstFailure: string | undefined
}

/** Compares the products by all workloads; the first one is Codemode. */
export function compareProducts(products: readonly ProductSamples[], waitingCount: number): WorkloadResult[] {
  const loads = loadWorkloadKeys.flatMap((key) => {
    const { name, measures }: LoadWorkload = loadWorkloads[key]
    return measures.map(({ name: ofMeasure, unit, of, value }) => {
      const rounds = products.map(({ loads }) => loads[key].map((sample) => ({ ...sample, value: value(sample) })))
      const workload = ofMeasure === undefined ? name : `${name}: ${ofMeasure}`
      return { workload, unit, of, products: compare(products, rounds) }
    })
  })
  const fresh = (pick: (sample: FreshSample) => RoundValue) => {
    const rounds = products.map((product) => product.fresh.map(pick))
    return compare(products, rounds)
  }
  const succeeded = { count: 1, failed: 0, firstFailure: undefined }
  return [
    ...loads,
    {
      workload: 'start of the process to the first result',
      unit: 'ms',
      of: 'time',
      products: fresh(({ firstResultMs }) => ({ ...succeeded, value: firstResultMs })),
    },
    {
      workload: 'memory of all processes, idle',
      unit: 'MB',
      of: 'memory',
      products: fresh(({ idleMb }) => ({ ...succeeded, value: idleMb })),
    },
    {
      workload: `memory of each of ${waitingCount} waiting executions`,
      unit: 'MB',
      of: 'memory',
      products: fresh((sample) => ({ ...sample, value: sample.waitingMb })),
    },
  ]
}

function compare(products: readonly ProductSamples[], rounds: readonly (readonly RoundValue[])[]): ProductResult[] {
  const ours = rounds[0]!
  return products.map(({ name, isPeer }, i) => {
    const own = rounds[i]!
    const failed = failureOf(own)
    if (failed !== undefined) return { product: name, value: undefined, failed, ratio: undefined }
    const hasRatio = isPeer && failureOf(ours) === undefined
    const ratios = own.map(({ value }, round) => ours[round]!.value / value)
    return {
      product: name,
      value: spreadOf(own.map(({ value }) => value)),
      failed,
      ratio: hasRatio ? spreadOf(ratios) : undefined,
    }
  })
}

function failureOf(rounds: readonly RoundValue[]): ProductResult['failed'] {
  const reason = rounds.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure
  if (reason === undefined) return undefined
  return { reason, failed: sum(rounds.map(({ failed }) => failed)), count: sum(rounds.map(({ count }) => count)) }
}
