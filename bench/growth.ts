import { spreads } from './comparison.ts'
import type { Report } from './report.ts'
import type { Rounds } from './rounds.ts'
import { spreadOf, type Spread } from './statistics.ts'

const limit = 2.2
/** With what took less nothing is compared: the scheduler decides such times. */
const comparableMs = 5

/** The wall times of one thing at doubling sizes, in milliseconds by size. */
export type Times = ReadonlyMap<number, number>

/** What can be drawn of them. */
export interface Curve {
  readonly of: string
  readonly name: string
  readonly points: readonly { readonly size: number; readonly ms: Spread }[]
}

/** From `from` on and twice as many each time; the last one may be less. */
export function doublings(from: number, to: number): number[] {
  const sizes: number[] = []
  for (let size = from; size < to; size *= 2) sizes.push(size)
  return [...sizes, to]
}

/** A table of the times and what each doubling cost, and a curve that can be drawn; for this tree the goal as well. */
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
        'times the half': factors.get(size),
      })),
    )
    const curve: Curve = { of, name, points: sizes.map((size) => ({ size, ms: spreadOf(timesOf(size)) })) }
    report.keep('growth', curve)
    const values = factors.size > 0 ? [Math.max(...factors.values())] : []
    if (i === 0 && values.length > 0)
      report.goal({ goal: `twice the ${of}, at worst`, of: '× the time', bound: 'at most', limit, values })
  }
}

/** How many times as long a size took as half of it, at the least disturbed of their rounds. */
function doubledFactors(times: Times): Map<number, number> {
  return new Map(
    [...times].flatMap(([size, ms]) => {
      const halfMs = times.get(size / 2)
      return halfMs === undefined || halfMs < comparableMs ? [] : [[size, ms / halfMs] as const]
    }),
  )
}
