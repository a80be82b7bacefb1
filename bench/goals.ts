import { spreadOf } from './statistics.ts'
import type { Row } from './table.ts'

/** What is to be reached, and what was measured in each round. */
export interface Goal {
  readonly goal: string
  /** What the measured numbers are multiples of, or their unit. */
  readonly of: string
  readonly atMost?: number
  readonly atLeast?: number
  readonly values: readonly number[]
}

/** The rows "goal, limit, measured, met"; the median of the rounds decides. */
export function goalRows(goals: readonly Goal[]): Row[] {
  return goals.map((goal) => {
    const measured = spreadOf(goal.values)
    const limit = [
      goal.atMost === undefined ? [] : `≤ ${goal.atMost}`,
      goal.atLeast === undefined ? [] : `≥ ${goal.atLeast}`,
    ]
    return {
      goal: goal.goal,
      limit: `${limit.flat().join(', ')} ${goal.of}`,
      measured,
      met: isMet(goal) ? 'yes' : 'no',
    }
  })
}

function isMet({ atMost = Infinity, atLeast = -Infinity, values }: Goal): boolean {
  const { median } = spreadOf(values)
  return median <= atMost && median >= atLeast
}
