import type { ExecutionStatus, Journal } from '@codemode/shared'

import type { ExecutionFacts, ExecutionStore, StoredExecution } from '../../store/execution-store.ts'
import { notFound, type DetachedHandle, type EventText } from '../engine.ts'
import { ExecutionState } from '../state/execution-state.ts'
import { readEvents } from '../state/read-events.ts'
import { recordOf, resultOf } from '../state/report.ts'
import type { ReaderLimit } from './reader-limit.ts'
import { StoredJournal } from './stored-journal.ts'

const resolved = Promise.resolve()

/** Detached execution as any node sees it: what it tells is read from the store. */
export class DetachedExecution implements DetachedHandle {
  readonly admitted = resolved
  readonly id: string
  readonly correlationId: string
  readonly owner: string
  readonly #stored: Pick<StoredExecution, 'facts' | 'status'>
  readonly #store: ExecutionStore
  readonly #readers: ReaderLimit

  constructor(store: ExecutionStore, stored: Pick<StoredExecution, 'facts' | 'status'>, readers: ReaderLimit) {
    this.#store = store
    this.#readers = readers
    this.#stored = stored
    this.id = stored.facts.id
    this.owner = stored.facts.owner
    this.correlationId = stored.facts.correlationId
  }

  get status(): ExecutionStatus {
    return this.#stored.status
  }

  /** Facts about the execution that are no input of its guest. */
  get facts(): ExecutionFacts {
    return this.#stored.facts
  }

  /** Resolves when the execution has ended, on whichever node. */
  get finished(): Promise<void> {
    return this.#followToEnd()
  }

  async events(options: { after?: string; signal: AbortSignal }): Promise<AsyncIterable<EventText>> {
    return eventsOf(await StoredJournal.open(this.#store, this.#stored.facts), options)
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

  answerCall(): boolean {
    return false
  }

  async journal(): Promise<Journal> {
    const stored = await this.#store.read(this.#stored.facts.tenant, this.id, 0)
    if (stored === undefined) throw notFound(this.id)
    return stored
  }

  async result(): Promise<string> {
    return resultOf(await this.#state()).text
  }

  async record(): Promise<string> {
    return recordOf(await this.#state(), this.#stored.facts.label, Date.now()).text
  }

  async #state(): Promise<ExecutionState> {
    const { header, entries } = await this.journal()
    const state = new ExecutionState(header)
    for (const entry of entries) state.apply(entry)
    return state
  }

  async #followToEnd(): Promise<void> {
    const { signal } = new AbortController()
    for await (const { type } of await this.events({ signal })) if (type === 'finished') return
  }
}

/** Yields the events of a journal, and closes it. */
async function* eventsOf(
  journal: StoredJournal,
  options: { after?: string; signal: AbortSignal },
): AsyncGenerator<EventText> {
  using open = journal
  yield* readEvents(open, options)
}
