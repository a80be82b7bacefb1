import type { Delivery, Journal, JournalEntry, JournalHeader, TurnEffects } from '@codemode/shared'

import type { GuestDelivery } from '../../sandbox/sandbox.ts'
import { answerIn, guestDeliveryOf, type GuestAnswer } from '../runner/guest-input.ts'
import { heapBytesOf, parsedBytesOf } from './memory-size.ts'
import type { GrowingJournal } from './read-events.ts'

/** Bytes that an entry counts against the journal's limit in addition to its texts. */
const entryOverheadBytes = 120

/** Memory that a small object takes, in bytes. */
const objectBytes = 120

/** Sizes of an entry or a header in bytes. */
export interface EntrySizes {
  /** Size that counts against the limit of the journal. */
  readonly sizeBytes: number
  /** Memory that it takes. */
  readonly heapBytes: number
}

/** Returns the sizes of an entry. */
export function sizesOf(entry: JournalEntry): EntrySizes {
  const texts = sizesOfTexts(textsOf(entry))
  return {
    sizeBytes: entryOverheadBytes + texts.sizeBytes,
    heapBytes: heapBytesOfEntry(entry) + texts.heapBytes,
  }
}

/** The growing journal of one execution, in memory: its header, and the entries that were appended so far. */
export class JournalLog implements GrowingJournal {
  readonly header: JournalHeader
  readonly #entries: JournalEntry[] = []
  readonly #answers = new Map<number, GuestAnswer>()
  /** Resolved at the next entry; undefined while no reader waits. */
  #next: PromiseWithResolvers<void> | undefined
  #sizeBytes: number
  #heapBytes: number

  constructor(header: JournalHeader) {
    this.header = header
    const texts = sizesOfTexts([header.code, header.input, header.context, header.config])
    this.#sizeBytes = texts.sizeBytes
    this.#heapBytes = texts.heapBytes + parsedBytesOf(JSON.stringify(header.tools))
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

  append(entry: JournalEntry, { sizeBytes, heapBytes } = sizesOf(entry)): void {
    this.#entries.push(entry)
    const answer = answerIn(entry)
    if (answer !== undefined) this.#answers.set(...answer)
    this.#sizeBytes += sizeBytes
    this.#heapBytes += heapBytes
    this.wakeReaders()
  }

  grown(): Promise<void> {
    return (this.#next ??= Promise.withResolvers()).promise
  }

  wakeReaders(): void {
    this.#next?.resolve()
    this.#next = undefined
  }

  /** Returns a delivery as the guest receives it. Adds an answer's text, from its journal entry. */
  guestDelivery(delivery: Delivery, at: number): GuestDelivery {
    return guestDeliveryOf(this.header, delivery, { at, answers: this.#answers })
  }

  /** Returns a copy that does not grow, without the first `after` entries. */
  snapshot(after = 0): Journal {
    return { header: this.header, entries: this.#entries.slice(after) }
  }
}

function sizesOfTexts(texts: readonly string[]): EntrySizes {
  let sizeBytes = 0
  let heapBytes = 0
  for (const text of texts) {
    const utf8Bytes = Buffer.byteLength(text)
    sizeBytes += utf8Bytes
    heapBytes += heapBytesOf(text, utf8Bytes)
  }
  return { sizeBytes, heapBytes }
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
    case 'claim':
    case 'park':
    case 'deferred':
      return []
    case 'approval':
      return [entry.reason ?? '']
    case 'decision':
      return [entry.input ?? '', entry.answer?.text ?? '', entry.reason ?? '', entry.note ?? '']
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
