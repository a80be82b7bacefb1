import type { Subject } from './subjects.ts'
import type { SharedOptions } from './workload.ts'

/** Milliseconds per subject that five rounds of a workload may take; a round that would exceed them does not begin. */
const budgetMs = 24_000
const defaultRounds = 5

/** Measurements by round: the baseline, this tree, and the revision that it is compared with. */
export interface Rounds<Baseline, Sample> {
  readonly baseline: readonly Baseline[]
  readonly subjects: readonly { readonly name: string; readonly samples: readonly Sample[] }[]
}

interface Measures<Baseline, Sample> {
  readonly baseline: () => Promise<Baseline>
  readonly subjects: readonly Subject[]
  readonly measure: (subject: Subject) => Promise<Sample>
}

/**
 * Measures the baseline and every subject in each round. The order alternates, so that no subject always runs after the
 * same predecessor.
 */
export async function interleaved<Baseline, Sample>(
  { rounds }: SharedOptions,
  { baseline, subjects, measure }: Measures<Baseline, Sample>,
): Promise<Rounds<Baseline, Sample>> {
  const found = {
    baseline: [] as Baseline[],
    subjects: subjects.map(({ name }) => ({ name, samples: [] as Sample[] })),
  }
  const parts = [
    async () => void found.baseline.push(await baseline()),
    ...subjects.map((subject, i) => async () => void found.subjects[i]!.samples.push(await measure(subject))),
  ]
  const limitMs = budgetMs * subjects.length * Math.max(1, rounds / defaultRounds)
  const began = performance.now()
  let longestMs = 0
  for (let round = 0; round < rounds; round++) {
    const roundBegan = performance.now()
    if (roundBegan - began + longestMs > limitMs) break
    for (const part of round % 2 === 0 ? parts : parts.toReversed()) await part()
    longestMs = Math.max(longestMs, performance.now() - roundBegan)
  }
  return found
}

/** Returns one number per round, computed from the measurements of this tree and of the baseline. */
export function byRound<Baseline, Sample>(
  { baseline, subjects }: Rounds<Baseline, Sample>,
  ratio: (sample: Sample, baseline: Baseline) => number,
): number[] {
  return subjects[0]!.samples.map((sample, i) => ratio(sample, baseline[i]!))
}
