// Lists and counts of executions: those in the store, and the attached ones in the memory of this node.
import type { ExecutionCounts } from '@codemode/shared'

import type {
  CountOptions,
  ExecutionGroups,
  ExecutionPage,
  ListedExecution,
  ListOptions,
} from '../store/execution-list.ts'
import type { ExecutionStore } from '../store/execution-store.ts'
import { comesAfter, decodeCursor, encodeCursor, type ListPlace } from '../store/list-cursor.ts'
import { groupOf, isSelected } from '../store/list-filter.ts'
import { timestamp } from '../timestamp.ts'

/** Maximum number of error codes in a count. */
const maxErrorCodes = 10
/** Maximum number of executions of the store in a count. */
const maxCounted = 50_000

/** Attached execution in the memory of a node. */
export interface AttachedInMemory {
  readonly id: string
  readonly createdAt: number
  /** True if it is a step of an attached session, of which the store knows nothing. */
  readonly isStep: boolean
  /** Record of the execution in the store: it is there, it may be there already or soon, or it will never be. */
  readonly recording: 'done' | 'possible' | 'never'
  readonly listed: ListedExecution
}

interface ExecutionsListOptions {
  /** Returns the tenant's attached executions in the memory of this node. */
  readonly attached: (tenant: string) => readonly AttachedInMemory[]
  /** Absent if the executor has no store. */
  readonly store: Pick<ExecutionStore, 'list' | 'count'> | undefined
}

/** Executions of the store and of this node, each once: an attached one may have been recorded already. */
export class ExecutionsList {
  readonly #options: ExecutionsListOptions

  constructor(options: ExecutionsListOptions) {
    this.#options = options
  }

  /** Returns a page, newest execution first. Rejects with `RequestError`. */
  async list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    const { cursor, limit } = options
    const before = cursor === undefined ? undefined : decodeCursor(cursor)
    const candidates = this.#inMemory(tenant, options).filter(
      (execution) => before === undefined || comesAfter(execution, before),
    )
    const attached = newestOf(candidates, options)
    const stored = await this.#options.store?.list(tenant, options)
    const all = [...attached, ...without(attached, stored?.items ?? [])].sort((a, b) => byPlace(placeOf(a), placeOf(b)))
    const items = all.slice(0, limit)
    const last = items.at(-1)
    const hasMore = all.length > limit || (stored?.nextCursor ?? null) !== null
    return { items, nextCursor: hasMore && last !== undefined ? encodeCursor(placeOf(last)) : null }
  }

  /** Counts executions by the time of their creation. Rejects with `RequestError`. */
  async count(tenant: string, options: CountOptions): Promise<ExecutionCounts> {
    // Only the node knows which recorded executions are steps of an attached session.
    const attached = this.#inMemory(tenant, options)
      .filter(({ recording }) => recording !== 'done' || options.session !== undefined)
      .map(({ recording, listed }) => ({ recording, listed }))
      .filter(({ listed }) => isSelected(listed, options))
    const except = attached.filter(({ recording }) => recording === 'possible').map(({ listed }) => listed.facts.id)
    const stored = (await this.#options.store?.count(tenant, options, { except, max: maxCounted })) ?? { groups: [] }
    const { groups, countedSince = -Infinity } = stored
    const own = attached.filter(({ listed }) => listed.createdAt >= countedSince)
    return countsOf({ ...stored, groups: [...groups, ...own.map(({ listed }) => groupOf(listed, options))] }, options)
  }

  /** Returns the executions of a time, in any order, without those for which the store suffices. */
  #inMemory(tenant: string, { since = -Infinity, until = Infinity }: Omit<ListOptions, 'limit'>): AttachedInMemory[] {
    return this.#options
      .attached(tenant)
      .filter(
        ({ createdAt, recording, isStep }) =>
          createdAt >= since && createdAt < until && (recording !== 'done' || isStep),
      )
  }
}

/** Returns the newest of the selected executions: a page, and one to know whether there are more. */
function newestOf(candidates: AttachedInMemory[], options: ListOptions): ListedExecution[] {
  const newest: ListedExecution[] = []
  for (const { listed } of candidates.sort(byPlace)) {
    if (newest.length > options.limit) break
    if (isSelected(listed, options)) newest.push(listed)
  }
  return newest
}

function without(attached: readonly ListedExecution[], stored: readonly ListedExecution[]): ListedExecution[] {
  const ids = new Set(attached.map(({ facts }) => facts.id))
  return stored.filter(({ facts }) => !ids.has(facts.id))
}

const placeOf = ({ createdAt, facts }: ListedExecution): ListPlace => ({ createdAt, id: facts.id })

/** Compares two executions for a list, which has the newest one first. */
const byPlace = (a: ListPlace, b: ListPlace): number => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)

function countsOf(
  { groups, countedSince }: ExecutionGroups,
  { since, until, buckets: count }: CountOptions,
): ExecutionCounts {
  const widthMs = (until - since) / count
  const buckets = Array.from({ length: count }, (_, number) => ({
    at: timestamp(Math.round(since + number * widthMs)),
    completed: 0,
    failed: 0,
    cancelled: 0,
    inFlight: 0,
  }))
  const errors = new Map<string, number>()
  for (const group of groups) {
    // Rounding may put an execution of the last millisecond after the end.
    buckets[Math.min(group.bucket, count - 1)]![group.outcome] += group.count
    if (group.errorCode !== null) errors.set(group.errorCode, (errors.get(group.errorCode) ?? 0) + group.count)
  }
  const codes = [...errors].map(([code, count]) => ({ code, count }))
  return {
    buckets,
    errors: codes.sort((a, b) => b.count - a.count).slice(0, maxErrorCodes),
    ...(countedSince !== undefined && { countedSince: timestamp(countedSince) }),
  }
}
