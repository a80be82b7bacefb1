/** Builds the rows of tables that compare the executors measured in the same run. */
import type { Rounds } from './rounds.ts'
import { median, spreadOf } from './statistics.ts'
import type { Row } from './table.ts'

type Columns = Readonly<Record<string, number>>

/** Returns a row with, for each column, the spread of its values over the rounds. */
export function spreads(rounds: readonly Columns[]): Row {
  const columns = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(columns.map((column) => [column, spreadOf(rounds.map((round) => round[column]!))]))
}

/** Returns one row per subject and, if there are two subjects, a row with their ratio. */
export function compared<Sample>(
  { subjects }: Rounds<unknown, Sample>,
  columns: (sample: Sample) => Columns,
  first: Row = {},
): Row[] {
  const rounds = subjects.map(({ samples }) => samples.map(columns))
  const rows = subjects.map(({ name }, i) => ({ ...first, executor: name, ...spreads(rounds[i]!) }))
  const [current, before] = rounds
  if (before === undefined) return rows
  const ratios = Object.keys(current![0]!).map((column) => [
    column,
    median(current!.map((round, i) => round[column]! / before[i]![column]!)),
  ])
  return [...rows, { ...first, executor: 'ratio, median by round', ...(Object.fromEntries(ratios) as Row) }]
}
