import { RequestError, type JournalEntry, type JournalHeader } from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import type { EventText } from '../engine.ts'
import { eventsOf, type TraceOfCall } from './execution-events.ts'
import { ExecutionState } from './execution-state.ts'

/** Number of entries that a reader skips before it lets the event loop run. */
const skippedAtOnce = 1_000

/** Journal that grows while readers follow it. */
export interface GrowingJournal {
  readonly header: JournalHeader
  /** Entries so far. The array grows. */
  readonly entries: readonly JournalEntry[]
  /** Resolves at the next entry, or when `wakeReaders` is called. */
  grown(): Promise<void>
  wakeReaders(): void
}

interface ReadOptions {
  readonly after?: string
  readonly signal: AbortSignal
  /** Returns the context of the span of a call, for a reader that serves it. */
  readonly traceOf?: TraceOfCall | undefined
  /** Whether the events end when the attached execution becomes a detached one. */
  readonly endsAtPromotion?: boolean
}

/**
 * Yields the events after `after` (all when it is undefined), until the last one or until the signal aborts. Each reader
 * derives them from the journal at its own pace and has no buffer. Throws `RequestError` INVALID_REQUEST when `after` is no
 * id of an event of this execution.
 */
export async function* readEvents(
  journal: GrowingJournal,
  { after, signal, traceOf, endsAtPromotion = false }: ReadOptions,
): AsyncGenerator<EventText> {
  const { header, entries } = journal
  const from = positionOf(after)
  if (from.sequence > entries.length) throw noSuchEvent(after!)
  const state = new ExecutionState(header)
  const wake = (): void => journal.wakeReaders()
  signal.addEventListener('abort', wake)
  try {
    for (let sequence = 1; !signal.aborted && !state.hasEnded; sequence++) {
      while (sequence > entries.length && !signal.aborted) await journal.grown()
      if (signal.aborted) return
      const changes = state.apply(entries[sequence - 1]!)
      if (sequence < from.sequence && !(endsAtPromotion && changes.isPromotion)) {
        if (sequence % skippedAtOnce === 0) await nextRound()
        continue
      }
      let skip = sequence === from.sequence ? from.ordinal : 0
      for (const event of eventsOf(state, changes, { sequence, traceOf })) {
        if (skip > 0) skip -= 1
        else if (signal.aborted) return
        else yield event
      }
      if (skip > 0) throw noSuchEvent(after!)
      if (endsAtPromotion && changes.isPromotion) return
    }
  } finally {
    signal.removeEventListener('abort', wake)
  }
}

interface Position {
  readonly sequence: number
  readonly ordinal: number
}

const idPattern = /^([1-9]\d{0,9})\.([1-9]\d{0,9})$/

function positionOf(after: string | undefined): Position {
  if (after === undefined) return { sequence: 0, ordinal: 0 }
  const parts = idPattern.exec(after)
  if (parts === null) throw noSuchEvent(after)
  return { sequence: Number(parts[1]), ordinal: Number(parts[2]) }
}

function noSuchEvent(id: string): RequestError {
  return new RequestError('INVALID_REQUEST', `This execution has no event ${textHead(id, 40)} (last-event-id)`, {
    suggestion: 'Send the id of the last event that was received, or omit last-event-id.',
  })
}

function nextRound(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
