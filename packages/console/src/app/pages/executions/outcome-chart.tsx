import type { ExecutionCounts } from '@codemode/shared'

import type { ApiError } from '../../api/request.ts'
import { GuestText } from '../../parts/guest-text.tsx'
import { Time } from '../../parts/time.tsx'

import { formatDuration } from '../../text/durations.ts'

type CountBucket = ExecutionCounts['buckets'][number]

const outcomes = ['completed', 'failed', 'cancelled', 'inFlight'] as const
const outcomeNames = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  inFlight: 'in flight',
} as const

/** Error codes that are shown. */
const shownCodes = 4

/** Executions by outcome over time as stacked bars, and the most frequent errors. A click on a bar chooses its interval. */
export function OutcomeChart({
  counts,
  error,
  onChoose,
  onChooseFailed,
}: {
  error: ApiError | undefined
  counts: ExecutionCounts | undefined
  onChoose: (interval: { since: string; until: string }) => void
  onChooseFailed: () => void
}) {
  const buckets = counts?.buckets ?? []
  const errors = counts?.errors ?? []
  const totals = sumOf(buckets)
  const most = Math.max(1, ...buckets.map((bucket) => totalOf(bucket)))
  const widthMs = buckets.length > 1 ? Date.parse(buckets[1]!.at) - Date.parse(buckets[0]!.at) : 60_000
  return (
    <section class="chart" aria-label="Executions over time, by outcome">
      <ul class="chart-totals">
        {outcomes.map((outcome) => (
          <li key={outcome} class={`total-${outcome}`}>
            <strong>{counts === undefined ? '–' : totals[outcome].toLocaleString()}</strong> {outcomeNames[outcome]}
          </li>
        ))}
      </ul>
      <div class="chart-bars">
        {buckets.map((bucket, index) => (
          <button
            type="button"
            key={index}
            class="chart-bar"
            disabled={totalOf(bucket) === 0}
            title={titleOf(bucket, widthMs)}
            aria-label={titleOf(bucket, widthMs)}
            onClick={() =>
              onChoose({ since: bucket.at, until: new Date(Date.parse(bucket.at) + widthMs).toISOString() })
            }
          >
            {outcomes.map((outcome) => (
              <span
                key={outcome}
                class={`chart-part part-${outcome}`}
                style={{ height: `${(bucket[outcome] / most) * 100}%` }}
              />
            ))}
          </button>
        ))}
      </div>
      {counts?.countedSince !== undefined && (
        <p class="error-codes" role="status">
          There are too many executions to count: these are from <Time at={counts.countedSince} /> on.
        </p>
      )}
      {error !== undefined && (
        <p class="error-codes" role="status">
          The counts could not be read: <GuestText text={error.message} />
        </p>
      )}
      <ul class="error-codes" aria-label="Most frequent errors" hidden={error !== undefined}>
        {errors.slice(0, shownCodes).map(({ code, count }) => (
          <li key={code}>
            <button type="button" class="link" title="Show the failed executions" onClick={onChooseFailed}>
              <code>{code}</code>
            </button>{' '}
            {count.toLocaleString()}
          </li>
        ))}
      </ul>
    </section>
  )
}

const totalOf = (bucket: CountBucket): number => outcomes.reduce((sum, outcome) => sum + bucket[outcome], 0)

function sumOf(buckets: readonly CountBucket[]): Record<(typeof outcomes)[number], number> {
  const sums = { completed: 0, failed: 0, cancelled: 0, inFlight: 0 }
  for (const bucket of buckets) for (const outcome of outcomes) sums[outcome] += bucket[outcome]
  return sums
}

function titleOf(bucket: CountBucket, widthMs: number): string {
  const counts = outcomes
    .filter((outcome) => bucket[outcome] > 0)
    .map((name) => `${bucket[name]} ${outcomeNames[name]}`)
  return `${new Date(bucket.at).toLocaleString()} (${bucket.at}), ${formatDuration(widthMs)}: ${counts.join(', ') || 'none'}`
}
