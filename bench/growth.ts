import { spreads } from './comparison.ts'
import type { Report } from './report.ts'
import type { Rounds } from './rounds.ts'
import { spreadOf, type Spread } from './statistics.ts'

const limit = 2.2
/** Milliseconds below which a time is not compared, because the scheduler dominates it. */
const comparableMs = 5

/** Wall times at doubling sizes: milliseconds by size. */
export type Times = ReadonlyMap<number, number>

/** Growth curve for the plots. */
export interface Curve {
  readonly of: string
  readonly name: string
  readonly points: readonly { readonly size: number; readonly ms: Spread }[]
}

/** Returns sizes that double from `from` on and end with `to`; the last step may be smaller. */
export function doublings(from: number, to: number): number[] {
  const sizes: number[] = []
  for (let size = from; size < to; size *= 2) sizes.push(size)
  return [...sizes, to]
}

/**
 * Reports a table with the times and the factor of each doubling, and keeps a curve for the plots. Adds the goal for
 * this tree.
 */
export function reportGrowth<Sample>(
  report: Report,
  of: string,
  { subjects }: Rounds<unknown, Sample>,
  timesIn: (sample: Sample) => Times,
): void {
  for (const [i, { name, samples }] of subjects.entries()) {
    const rounds = samples.map(timesIn)
    const sizes = [...rounds[0]!.keys()]
    const timesOf = (size: number): number[] => rounds.flatMap((times) => times.get(size) ?? [])
    const factors = doubledFactors(new Map(sizes.map((size) => [size, Math.min(...timesOf(size))])))
    report.table(
      `Growth by ${of}: ${name}`,
      sizes.map((size) => ({
        size,
        ...spreads(timesOf(size).map((ms) => ({ ms, 'µs each': (ms * 1_000) / size }))),
        'factor per doubling': factors.get(size),
      })),
    )
    const curve: Curve = { of, name, points: sizes.map((size) => ({ size, ms: spreadOf(timesOf(size)) })) }
    report.keep('growth', curve)
    const values = factors.size > 0 ? [Math.max(...factors.values())] : []
    if (i === 0 && values.length > 0)
      report.goal({ goal: `largest factor of a doubling: ${of}`, unit: '× the time', bound: 'at most', limit, values })
  }
}

/** Returns the factor of each doubling, from the fastest round of each size. */
function doubledFactors(times: Times): Map<number, number> {
  return new Map(
    [...times].flatMap(([size, ms]) => {
      const halfMs = times.get(size / 2)
      return halfMs === undefined || halfMs < comparableMs ? [] : [[size, ms / halfMs] as const]
    }),
  )
}
