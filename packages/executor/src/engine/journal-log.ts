import type { Delivery, ExecutionFailure, Journal, JournalEntry, JournalHeader, TurnEffects } from '@codemode/shared'

import type { GuestDelivery } from '../sandbox/sandbox.ts'
import { journalTooLarge } from './failures.ts'
import { withContent, type AnswerEntry } from './deliveries.ts'

/** What an entry takes besides its texts. */
const entryOverheadBytes = 120

/**
 * The journal of one execution as it grows. An entry is appended before anything that follows from it leaves the
 * engine: a call is sent, an event shown, a result given.
 */
export class JournalLog {
  readonly header: JournalHeader
  readonly #entries: JournalEntry[] = []
  readonly #answers = new Map<number, AnswerEntry>()
  #sizeBytes: number

  constructor(header: JournalHeader) {
    this.header = header
    this.#sizeBytes = bytesOf(header.code, header.input, header.context, header.config)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  /** Whether the journal has outgrown its limit; the execution ends then. */
  get isFull(): boolean {
    return this.#sizeBytes > this.header.limits.journalBytes
  }

  tooLarge(): ExecutionFailure {
    return journalTooLarge(this.header.limits.journalBytes)
  }

  append(entry: JournalEntry): void {
    this.#entries.push(entry)
    if (entry.type === 'answer') this.#answers.set(entry.call, entry)
    this.#sizeBytes += entryOverheadBytes + textBytesOf(entry)
  }

  /** A delivery as the guest gets it. */
  deliveryWithContent(delivery: Delivery, at: number): GuestDelivery {
    return withContent(delivery, at, this.#answers)
  }

  /** A copy that does not grow. */
  snapshot(): Journal {
    return { header: this.header, entries: [...this.#entries] }
  }
}

function textBytesOf(entry: JournalEntry): number {
  switch (entry.type) {
    case 'answer':
      return bytesOf(entry.text)
    case 'turn':
      return effectsBytes(entry.effects)
    case 'end':
      return failureBytes(entry.error)
  }
}

function effectsBytes({ calls, logs, end }: TurnEffects): number {
  const endBytes = end === undefined ? 0 : end.ok ? bytesOf(end.result) : bytesOf(end.message, end.stack ?? '')
  const texts = [...calls.map(({ input }) => input), ...logs.map(({ text }) => text)]
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), endBytes)
}

function failureBytes({ message, guestStack }: ExecutionFailure): number {
  return bytesOf(message, guestStack ?? '')
}

function bytesOf(...texts: string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}
