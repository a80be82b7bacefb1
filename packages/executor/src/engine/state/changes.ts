import type { JournalEntry, LogEntry } from '@codemode/shared'

import type { CallState } from './call-table.ts'

/** Entry of a journal of the given type. */
export type EntryOf<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>

/** Changes that one journal entry makes. The events of the execution and the effects of its runner follow from them. */
export interface Changes {
  /** Whether the execution was claimed for the first time. */
  readonly isStart: boolean
  /** Whether the execution was claimed although the claim before did not give it back. */
  readonly isTakeover: boolean
  readonly logs: readonly LogEntry[]
  /** Calls that got a place in flight. */
  readonly sent: readonly CallState[]
  /** Calls that are not sent, because the executor refuses them. */
  readonly refused: readonly CallState[]
  readonly settled: readonly CallState[]
  /** Calls that now wait for an approval. */
  readonly requested: readonly CallState[]
  /** Call that now waits for its deferred answer. */
  readonly deferred?: CallState
  /** Decision about an approval. */
  readonly decided?: DecidedCall
  /** Whether the guest now waits for a call or a timer. */
  readonly isWait: boolean
  /** Whether an attached execution has become a detached one. */
  readonly isPromotion: boolean
  readonly isEnd: boolean
}

/** Decision about the approval of a call. */
export interface DecidedCall {
  readonly call: CallState
  readonly decision: EntryOf<'decision'>['decision']
  /** Owner of the API key that decided; undefined if the approval expired. */
  readonly by?: string | undefined
  readonly note?: string | undefined
  readonly reason?: string | undefined
}

/** Changes of an entry that makes none. */
export const noChanges: Changes = {
  isStart: false,
  isTakeover: false,
  logs: [],
  sent: [],
  refused: [],
  settled: [],
  requested: [],
  isWait: false,
  isPromotion: false,
  isEnd: false,
}
