/** Compares measured values with the bounds that a workload has to meet. */
import { spreadOf, type Spread } from './statistics.ts'
import type { Row } from './table.ts'

/** Bound that a workload has to meet, with the number measured in each round. */
export interface Goal {
  readonly goal: string
  /** Unit of the numbers, or the quantity of which they are multiples. */
  readonly unit: string
  readonly bound: 'at most' | 'at least'
  readonly limit: number
  readonly values: readonly number[]
}

/** Goal as the report prints and stores it. */
export interface GoalRow {
  readonly goal: string
  readonly limit: string
  readonly measured: Spread
  /**
   * Measured number divided by the limit, or the limit divided by the measured number if the bound is a minimum; above
   * 1 the goal is not met.
   */
  readonly share: number
  readonly met: 'yes' | 'no'
}

/** Compares the median of the rounds with the limit of the goal. */
export function goalRow({ goal, unit, bound, limit, values }: Goal): GoalRow {
  const measured = spreadOf(values)
  const share = bound === 'at most' ? measured.median / limit : limit / measured.median
  return {
    goal,
    limit: `${bound === 'at most' ? '≤' : '≥'} ${limit} ${unit}`,
    measured,
    share,
    met: share <= 1 ? 'yes' : 'no',
  }
}

/** Returns the columns of a goal that the report prints. */
export function printed({ goal, limit, measured, met }: GoalRow): Row {
  return { goal, limit, measured, met }
}
