import type { ExecutionFilters } from '../../api/executions.ts'
import { inFlight } from '../../api/status.ts'

/** Ranges of time that the page offers, by their names in the URL. */
export const ranges = {
  '1h': { name: 'Last hour', ms: 3_600_000 },
  '24h': { name: 'Last 24 hours', ms: 86_400_000 },
  '7d': { name: 'Last 7 days', ms: 7 * 86_400_000 },
  '31d': { name: 'Last 31 days', ms: 31 * 86_400_000 },
} as const

export type RangeName = keyof typeof ranges

/** Sets of statuses that the page offers, by their names in the URL. */
export const statusSets = {
  all: { name: 'All', status: undefined },
  'in-flight': { name: 'In flight', status: inFlight.join(',') },
  paused: { name: 'Paused', status: 'paused' },
  attention: { name: 'Needs attention', status: 'needs_attention' },
  completed: { name: 'Completed', status: 'completed' },
  failed: { name: 'Failed', status: 'failed' },
  cancelled: { name: 'Cancelled', status: 'cancelled' },
} as const

export type StatusSet = keyof typeof statusSets

/** Sets of executions that have not ended. */
const openSets: ReadonlySet<StatusSet> = new Set(['in-flight', 'paused', 'attention'])

/** Number of bars of the chart. */
export const bucketCount = 60

/** Filters of the page, as the URL has them. */
export interface PageFilters {
  readonly status: StatusSet
  readonly range: RangeName
  /** Code of the error of failed executions; the status is then `failed`. */
  readonly errorCode: string | undefined
  readonly label: string | undefined
  readonly session: string | undefined
  /** Interval that was chosen in the chart, in ISO 8601; it takes the place of the range. */
  readonly interval: { readonly since: string; readonly until: string } | undefined
}

/** Returns the shortest range that is longer than a time in milliseconds. */
export function rangeLongerThan(ms: number): RangeName {
  return (Object.keys(ranges) as RangeName[]).find((range) => ranges[range].ms > ms) ?? '31d'
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const isId = (prefix: string, text: string): boolean => text.startsWith(prefix) && uuid.test(text.slice(prefix.length))

/**
 * Returns whether a text is the whole id of a session. The executor refuses another one, such as an id that is being
 * typed.
 */
export const isSessionId = (text: string): boolean => isId('ses_', text)

/** Returns whether a text is the whole id of an execution. */
export const isExecutionId = (text: string): boolean => isId('exe_', text)

/** Returns the filters in a query string. What is not valid is left out. */
export function filtersOf(query: Readonly<Record<string, string>>): PageFilters {
  const { status = '', range = '', error, label, session, since, until } = query
  const errorCode = error !== undefined && /^[A-Z_]{1,64}$/.test(error) ? error : undefined
  return {
    errorCode,
    status: errorCode !== undefined ? 'failed' : Object.hasOwn(statusSets, status) ? (status as StatusSet) : 'all',
    range: Object.hasOwn(ranges, range) ? (range as RangeName) : '24h',
    label: label || undefined,
    session: session !== undefined && isSessionId(session) ? session : undefined,
    interval: isTime(since) && isTime(until) ? { since, until } : undefined,
  }
}

/** Returns the query of a URL with these filters; defaults are left out. */
export function queryOfFilters(filters: PageFilters): Record<string, string | undefined> {
  const { status, errorCode, range, label, session, interval } = filters
  return {
    ...(status !== 'all' && { status }),
    error: errorCode,
    ...(range !== '24h' && { range }),
    label,
    session,
    ...interval,
  }
}

/** Returns the interval of the chart, which has the counts of all statuses, at the given time. */
export function chartInterval({ range, interval }: PageFilters, now: number): { since: string; until: string } {
  if (interval !== undefined) return interval
  // Whole buckets, so that their borders stay while time goes on.
  const widthMs = ranges[range].ms / bucketCount
  const until = Math.ceil(now / widthMs) * widthMs
  return { since: new Date(until - ranges[range].ms).toISOString(), until: new Date(until).toISOString() }
}

/** Returns the filters for the executor's API at the given time. */
export function apiFilters(filters: PageFilters, now: number): ExecutionFilters {
  const { status, errorCode, range, label, session, interval } = filters
  // What has not ended is shown whenever it began.
  const isOpen = status !== 'all' && openSets.has(status)
  const times = interval ?? (isOpen ? {} : { since: new Date(now - ranges[range].ms).toISOString() })
  return { status: statusSets[status].status, errorCode, label, session, ...times }
}

const isTime = (text: string | undefined): text is string => text !== undefined && !Number.isNaN(Date.parse(text))
