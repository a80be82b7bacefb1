import type { Journal } from '@codemode/shared'

import type { EventText, ExecutionHandle } from './engine.ts'
import type { EventLog } from './event-log.ts'
import type { ExecutionReport } from './execution-report.ts'
import type { JournalLog } from './journal-log.ts'
import type { ReaderWatch } from './reader-watch.ts'

interface EndedParts {
  readonly bodyHash: string
  readonly keyId: string
  readonly journal: JournalLog
  readonly events: EventLog
  readonly report: ExecutionReport
  readonly readers: ReaderWatch
}

/** What it takes in memory by itself, measured. */
const ownHeapBytes = 4 * 1024

const over = Promise.resolve()

/** An execution that has ended: what can be read of it, without anything of what it took to run it. */
export class EndedExecution implements ExecutionHandle {
  readonly admitted = over
  readonly finished = over
  readonly #parts: EndedParts

  constructor(parts: EndedParts) {
    this.#parts = parts
  }

  get id(): string {
    return this.#parts.journal.header.executionId
  }

  get correlationId(): string {
    return this.#parts.journal.header.correlationId
  }

  get bodyHash(): string {
    return this.#parts.bodyHash
  }

  get keyId(): string {
    return this.#parts.keyId
  }

  /** What it keeps in memory. */
  get heapBytes(): number {
    const { journal, events, report } = this.#parts
    return ownHeapBytes + journal.heapBytes + events.heapBytes + report.heapBytes
  }

  events(options: { after?: string; signal: AbortSignal }): AsyncIterable<EventText> {
    return this.#parts.events.read(options)
  }

  attachReader(): () => void {
    return this.#parts.readers.attach()
  }

  cancel(): void {}

  answerCall(): boolean {
    return false
  }

  journal(): Journal {
    return this.#parts.journal.snapshot()
  }

  result(): string {
    return this.#parts.report.result().text
  }

  record(): string {
    return this.#parts.report.record().text
  }
}
