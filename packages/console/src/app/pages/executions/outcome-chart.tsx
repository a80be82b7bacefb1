import type { ExecutionCounts } from '@codemode/shared'

import type { ApiError } from '../../api/request.ts'
import { GuestText } from '../../parts/guest-text.tsx'
import { formatTime, Time } from '../../parts/time.tsx'
import { formatDuration } from '../../text/durations.ts'
import type { PageFilters, StatusSet } from './filters.ts'

type CountBucket = ExecutionCounts['buckets'][number]

const outcomes = ['completed', 'failed', 'cancelled', 'inFlight'] as const
const outcomeNames = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  inFlight: 'in flight',
} as const

/** Filter for the executions of an outcome. */
const statusOf = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  inFlight: 'in-flight',
} as const satisfies Record<(typeof outcomes)[number], StatusSet>

/** Error codes that are shown. */
const shownCodes = 4

/**
 * Executions by outcome over time as stacked bars, and the most frequent errors. It has all outcomes, also while the list has some.
 * A click on a bar chooses its interval, one on a number its outcome, and one on an error the executions that failed with it.
 */
export function OutcomeChart({
  counts,
  error,
  filters,
  onChange,
}: {
  error: ApiError | undefined
  counts: ExecutionCounts | undefined
  filters: PageFilters
  onChange: (change: Partial<PageFilters>) => void
}) {
  const buckets = counts?.buckets ?? []
  const errors = counts?.errors ?? []
  const totals = sumOf(buckets)
  const most = Math.max(0, ...buckets.map((bucket) => totalOf(bucket)))
  const widthMs = buckets.length > 1 ? Date.parse(buckets[1]!.at) - Date.parse(buckets[0]!.at) : 60_000
  return (
    <section class="chart" aria-label="Executions over time, by outcome">
      <div class="chart-counts">
        <ul class="chart-totals">
          {outcomes.map((outcome) => (
            <li key={outcome} class={`total-${outcome}`}>
              <button
                type="button"
                title={`Show the executions that are ${outcomeNames[outcome]}`}
                onClick={() => onChange({ status: statusOf[outcome], errorCode: undefined })}
              >
                <strong>{counts === undefined ? '–' : totals[outcome].toLocaleString()}</strong> {outcomeNames[outcome]}
              </button>
            </li>
          ))}
        </ul>
        {filters.status !== 'all' && <p class="chart-note">The chart has all statuses.</p>}
      </div>
      <div class="chart-plot">
        <span class="chart-most" title="Executions of the highest bar">
          {counts === undefined ? '–' : most.toLocaleString()}
        </span>
        <div class="chart-bars">
          {buckets.map((bucket, index) => (
            <button
              type="button"
              key={index}
              class="chart-bar"
              disabled={totalOf(bucket) === 0}
              title={titleOf(bucket, widthMs)}
              aria-label={titleOf(bucket, widthMs)}
              onClick={() => onChange({ interval: { since: bucket.at, until: endOf(bucket, widthMs) } })}
            >
              {outcomes.map((outcome) => (
                <span
                  key={outcome}
                  class={`chart-part part-${outcome}`}
                  style={{ height: `${(bucket[outcome] / Math.max(1, most)) * 100}%` }}
                />
              ))}
            </button>
          ))}
        </div>
        <div class="chart-axis">
          {buckets.length > 0 && (
            <>
              <Time at={buckets[0]!.at} />
              <Time at={buckets[Math.floor(buckets.length / 2)]!.at} />
              <Time at={endOf(buckets.at(-1)!, widthMs)} />
            </>
          )}
        </div>
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
            <button
              type="button"
              class="link"
              title="Show the executions that failed with this error"
              onClick={() => onChange({ status: 'failed', errorCode: code })}
            >
              <code>{code}</code>
            </button>{' '}
            {count.toLocaleString()}
          </li>
        ))}
      </ul>
    </section>
  )
}

const endOf = ({ at }: CountBucket, widthMs: number): string => new Date(Date.parse(at) + widthMs).toISOString()

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
  return `${formatTime(bucket.at)} (${bucket.at}), ${formatDuration(widthMs)}: ${counts.join(', ') || 'none'}`
}
