import type { Subject } from './subjects.ts'

/** No round begins that would make a workload last longer, for each subject. */
const budgetMs = 24_000

/** What the command line says for every workload. */
export interface RunOptions {
  readonly rounds: number
  /** A revision of this repository that is measured in the same run. */
  readonly against: string | undefined
}

/** What was measured, round by round: the baseline, this tree, and the revision that it is compared with. */
export interface Rounds<Baseline, Sample> {
  readonly baseline: readonly Baseline[]
  readonly subjects: readonly { readonly name: string; readonly samples: readonly Sample[] }[]
}

interface Measures<Baseline, Sample> {
  readonly baseline: () => Promise<Baseline>
  readonly subjects: readonly Subject[]
  readonly measure: (subject: Subject) => Promise<Sample>
}

/** Measures the baseline and every subject in each round, in alternating order, so that none always runs on what another left. */
export async function interleaved<Baseline, Sample>(
  { rounds }: RunOptions,
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
  const began = performance.now()
  let longestMs = 0
  for (let round = 0; round < rounds; round++) {
    const roundBegan = performance.now()
    if (roundBegan - began + longestMs > budgetMs * subjects.length) break
    for (const part of round % 2 === 0 ? parts : parts.toReversed()) await part()
    longestMs = Math.max(longestMs, performance.now() - roundBegan)
  }
  return found
}

/** A number for each round, from what this tree and the baseline measured in it. */
export function byRound<Baseline, Sample>(
  { baseline, subjects }: Rounds<Baseline, Sample>,
  ratio: (sample: Sample, baseline: Baseline) => number,
): number[] {
  return subjects[0]!.samples.map((sample, i) => ratio(sample, baseline[i]!))
}
