// Lists and counts of executions: those in the store, and the attached ones in the memory of this node.
import type { ExecutionCounts } from '@codemode/shared'

import type {
  CountOptions,
  ExecutionGroup,
  ExecutionPage,
  ExecutionStore,
  ListedExecution,
  ListOptions,
} from '../store/execution-store.ts'
import { comesAfter, decodeCursor, encodeCursor, type ListPlace } from '../store/list-cursor.ts'
import { groupOf, isSelected } from '../store/list-filter.ts'
import { timestamp } from '../timestamp.ts'

/** Maximum number of error codes in a count. */
const maxErrorCodes = 10

interface ExecutionsListOptions {
  /** Returns the tenant's attached executions in the memory of this node. */
  readonly attached: (tenant: string) => readonly ListedExecution[]
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
    const attached = this.#attached(tenant, options).filter(
      (execution) => before === undefined || comesAfter(placeOf(execution), before),
    )
    const stored = await this.#options.store?.list(tenant, options)
    const all = [...attached, ...without(attached, stored?.items ?? [])].sort(byPlace)
    const items = all.slice(0, limit)
    const last = items.at(-1)
    const hasMore = all.length > limit || (stored?.nextCursor ?? null) !== null
    return { items, nextCursor: hasMore && last !== undefined ? encodeCursor(placeOf(last)) : null }
  }

  /** Counts executions by the time of their creation. Rejects with `RequestError`. */
  async count(tenant: string, options: CountOptions): Promise<ExecutionCounts> {
    const attached = this.#attached(tenant, options)
    const except = attached.map(({ facts }) => facts.id)
    const stored = (await this.#options.store?.count(tenant, options, except)) ?? []
    return countsOf([...stored, ...attached.map((execution) => groupOf(execution, options))], options)
  }

  #attached(tenant: string, options: Omit<ListOptions, 'limit'>): ListedExecution[] {
    return this.#options.attached(tenant).filter((execution) => isSelected(execution, options))
  }
}

function without(attached: readonly ListedExecution[], stored: readonly ListedExecution[]): ListedExecution[] {
  const ids = new Set(attached.map(({ facts }) => facts.id))
  return stored.filter(({ facts }) => !ids.has(facts.id))
}

const placeOf = ({ createdAt, facts }: ListedExecution): ListPlace => ({ createdAt, id: facts.id })

/** Compares two executions for a list. It is called too often to make places. */
const byPlace = (a: ListedExecution, b: ListedExecution): number =>
  b.createdAt - a.createdAt || (a.facts.id < b.facts.id ? 1 : -1)

function countsOf(groups: readonly ExecutionGroup[], { since, until, buckets: count }: CountOptions): ExecutionCounts {
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
  return { buckets, errors: codes.sort((a, b) => b.count - a.count).slice(0, maxErrorCodes) }
}
