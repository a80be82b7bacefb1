import type { Delivery, ExecutionFailure, Journal, JournalEntry, JournalHeader, TurnEffects } from '@codemode/shared'

import type { GuestDelivery } from '../sandbox/sandbox.ts'
import { journalTooLarge } from './failures.ts'
import { heapBytesOf, parsedBytesOf } from './memory-size.ts'
import { guestDeliveryOf, type AnswerEntry } from './guest-input.ts'

/** Bytes that an entry counts against the journal's limit in addition to its texts. */
const entryOverheadBytes = 120

/** Memory that a small object takes, in bytes. */
const objectBytes = 120

/**
 * The growing journal of one execution. An entry is appended before anything that follows from it leaves the engine:
 * before a call is sent, an event is shown or a result is given.
 */
export class JournalLog {
  readonly header: JournalHeader
  readonly #entries: JournalEntry[] = []
  readonly #answers = new Map<number, AnswerEntry>()
  #sizeBytes = 0
  #heapBytes = 0

  constructor(header: JournalHeader) {
    this.header = header
    for (const text of [header.code, header.input, header.context, header.config]) this.#count(text)
    this.#heapBytes += parsedBytesOf(JSON.stringify(header.tools))
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Memory that the journal takes, in bytes, including the declarations of its tools. */
  get heapBytes(): number {
    return this.#heapBytes
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  /** Whether the journal exceeds its limit, which ends the execution. */
  get isFull(): boolean {
    return this.#sizeBytes > this.header.limits.journalBytes
  }

  tooLarge(): ExecutionFailure {
    return journalTooLarge(this.header.limits.journalBytes)
  }

  append(entry: JournalEntry): void {
    this.#entries.push(entry)
    if (entry.type === 'answer') this.#answers.set(entry.call, entry)
    this.#sizeBytes += entryOverheadBytes
    this.#heapBytes += heapBytesOfEntry(entry)
    for (const text of textsOf(entry)) this.#count(text)
  }

  /** Returns a delivery as the guest receives it. Adds an answer's text, from its journal entry. */
  guestDelivery(delivery: Delivery, at: number): GuestDelivery {
    return guestDeliveryOf(delivery, at, this.#answers)
  }

  /** Returns a copy that does not grow. */
  snapshot(): Journal {
    return { header: this.header, entries: [...this.#entries] }
  }

  #count(text: string): void {
    const utf8Bytes = Buffer.byteLength(text)
    this.#sizeBytes += utf8Bytes
    this.#heapBytes += heapBytesOf(text, utf8Bytes)
  }
}

/**
 * Returns the bytes of memory that an entry takes in addition to its texts: its objects, and its parts that are kept
 * parsed.
 */
function heapBytesOfEntry(entry: JournalEntry): number {
  if (entry.type !== 'turn') return objectBytes
  const { calls, logs, warnings, end } = entry.effects
  const parsed = [end?.ok === false ? end.details : undefined, end?.warnings, warnings].filter(
    (value) => value !== undefined,
  )
  const parsedBytes = parsed.reduce((sum, value) => sum + parsedBytesOf(JSON.stringify(value)), 0)
  return objectBytes * (2 + calls.length + logs.length) + parsedBytes
}

/** Returns the texts that count against the journal's limit. */
function textsOf(entry: JournalEntry): string[] {
  switch (entry.type) {
    case 'answer':
      return [entry.text]
    case 'turn':
      return textsOfEffects(entry.effects)
    case 'end':
      return [entry.error.message, entry.error.guestStack ?? '']
  }
}

function textsOfEffects({ calls, logs, warnings = [], end }: TurnEffects): string[] {
  const endTexts = end === undefined ? [] : end.ok ? [end.result] : [end.message, end.stack ?? '']
  const inputs = calls.map(({ input }) => input)
  return [...inputs, ...logs.map(({ text }) => text), ...warnings.map(({ message }) => message), ...endTexts]
}
