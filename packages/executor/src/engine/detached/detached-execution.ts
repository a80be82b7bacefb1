import {
  callNumberOf,
  isFinal,
  type ExecutionStatus,
  type Journal,
  type JournalEntry,
  type JournalHeader,
  type ToolResponse,
} from '@codemode/shared'

import type { ExecutionStore, StoredExecution } from '../../store/execution-store.ts'
import { refuseAnswer } from '../approvals.ts'
import { notFound, type DetachedHandle, type EventOptions, type EventText } from '../engine.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { takesPostedResponse } from '../state/posted-response.ts'
import { readEvents } from '../state/read-events.ts'
import { recordOf, resultOf } from '../state/report.ts'
import type { ReaderLimit } from './reader-limit.ts'
import { ServedCallSpans } from './served-call-spans.ts'
import { ServingLease } from './serving-lease.ts'
import type { OpenJournal, StoredJournals } from './stored-journals.ts'

const resolved = Promise.resolve()

/** Parts of a node that its detached executions share. */
interface DetachedExecutionParts {
  readonly store: ExecutionStore
  readonly journals: StoredJournals
  readonly readers: ReaderLimit
}

/** Execution in the store, as any node sees it: detached, or attached and recorded after its end. */
export class DetachedExecution implements DetachedHandle {
  readonly admitted = resolved
  readonly isAccepted = true
  readonly isPromoted = false
  readonly id: string
  readonly correlationId: string
  readonly owner: string
  readonly #stored: Pick<StoredExecution, 'facts' | 'status' | 'isAttached'>
  readonly #store: ExecutionStore
  readonly #journals: StoredJournals
  readonly #readers: ReaderLimit

  constructor(
    stored: Pick<StoredExecution, 'facts' | 'status' | 'isAttached'>,
    { store, journals, readers }: DetachedExecutionParts,
  ) {
    this.#store = store
    this.#journals = journals
    this.#readers = readers
    this.#stored = stored
    this.id = stored.facts.id
    this.owner = stored.facts.owner
    this.correlationId = stored.facts.correlationId
  }

  get status(): ExecutionStatus {
    return this.#stored.status
  }

  /** Whether it is an attached execution, which was recorded after its end. */
  get isAttached(): boolean {
    return this.#stored.isAttached
  }

  get label(): string | undefined {
    return this.#stored.facts.label
  }

  /** Milliseconds after which it expires; undefined for an attached execution. */
  get expiresAfterMs(): number | undefined {
    return this.isAttached ? undefined : this.#stored.facts.expiresAfterMs
  }

  /** Resolves when the execution has ended, on whichever node. */
  get finished(): Promise<void> {
    return this.#followToEnd()
  }

  async events({ isServing, ...options }: EventOptions): Promise<AsyncIterable<EventText>> {
    const { facts } = this.#stored
    const lease = isServing && !isFinal(this.status) ? await this.#serve() : undefined
    try {
      return eventsOf(await this.#journals.open(facts), options, lease)
    } catch (error) {
      await lease?.release()
      throw error
    }
  }

  /** Counts a reader on this node. The execution goes on without readers. */
  attachReader(): () => void {
    return this.#readers.attach(this.id)
  }

  async cancel(reason?: string): Promise<void> {
    await this.#store.post(this.#stored.facts.tenant, this.id, {
      kind: 'cancel',
      ...(reason !== undefined && { reason }),
    })
  }

  async answerCall(callId: string, response: ToolResponse): Promise<boolean> {
    const call = callNumberOf(this.id, callId)
    if (call === undefined) return false
    const { tenant } = this.#stored.facts
    for (;;) {
      const { header, entries } = await this.journal()
      const state = stateOf(header, entries)
      const open = state.calls.open(call)
      if (open?.status === 'paused') return refuseAnswer(response, { executionId: this.id, callId })
      if (open === undefined || !takesPostedResponse(state, open, response)) return false
      const message = { kind: 'answer', call, response } as const
      const outcome = await this.#store.answer(tenant, this.id, message, entries.length)
      // An entry that was appended meanwhile may have settled the call.
      if (outcome !== 'stale') return outcome === 'accepted'
    }
  }

  async journal(after = 0): Promise<Journal> {
    const stored = await this.#store.read(this.#stored.facts.tenant, this.id, after)
    if (stored === undefined) throw notFound(this.id)
    return stored
  }

  countEntries(): Promise<number> {
    return this.#store.countEntries(this.#stored.facts.tenant, this.id)
  }

  async result(): Promise<string> {
    return resultOf(await this.#state()).text
  }

  async record(): Promise<string> {
    return recordOf(await this.#state(), this, Date.now()).text
  }

  async #state(): Promise<ExecutionState> {
    const { header, entries } = await this.journal()
    return stateOf(header, entries)
  }

  #serve(): Promise<ServingLease> {
    const { tenant, id } = this.#stored.facts
    return ServingLease.acquire({ store: this.#store, tenant, id })
  }

  async #followToEnd(): Promise<void> {
    const { signal } = new AbortController()
    for await (const { type } of await this.events({ signal })) if (type === 'finished') return
  }
}

function stateOf(header: JournalHeader, entries: readonly JournalEntry[]): ExecutionState {
  const state = new ExecutionState(header)
  for (const entry of entries) state.apply(entry)
  return state
}

/** Yields the events of a journal, closes it, and gives the right to serve back. */
async function* eventsOf(
  journal: OpenJournal,
  { signal, ...options }: Omit<EventOptions, 'isServing'>,
  lease: ServingLease | undefined,
): AsyncGenerator<EventText> {
  using open = journal
  try {
    if (lease === undefined) return yield* readEvents(open.journal, { ...options, signal })
    using spans = new ServedCallSpans(open.journal.header, open.journal.entries)
    const serving = { ...options, signal: AbortSignal.any([signal, lease.lost]) }
    for await (const event of readEvents(open.journal, { ...serving, traceOf: (call) => spans.traceOf(call) })) {
      spans.observe(event)
      yield event
    }
  } finally {
    await lease?.release()
  }
}
