import { spreadOf, type Spread } from './statistics.ts'
import type { Row } from './table.ts'

/** What is to be reached, and what was measured in each round. */
export interface Goal {
  readonly goal: string
  /** What the measured numbers are multiples of, or their unit. */
  readonly of: string
  readonly bound: 'at most' | 'at least'
  readonly limit: number
  readonly values: readonly number[]
}

/** A goal as it is printed and kept. */
export interface GoalRow {
  readonly goal: string
  readonly limit: string
  readonly measured: Spread
  /** Of the limit what was measured, or of what was measured the limit if that is the least: above 1 it is not met. */
  readonly share: number
  readonly met: 'yes' | 'no'
}

/** The median of the rounds decides. */
export function goalRow({ goal, of, bound, limit, values }: Goal): GoalRow {
  const measured = spreadOf(values)
  const share = bound === 'at most' ? measured.median / limit : limit / measured.median
  return {
    goal,
    limit: `${bound === 'at most' ? '≤' : '≥'} ${limit} ${of}`,
    measured,
    share,
    met: share <= 1 ? 'yes' : 'no',
  }
}

/** What is shown of it. */
export function printed({ goal, limit, measured, met }: GoalRow): Row {
  return { goal, limit, measured, met }
}
