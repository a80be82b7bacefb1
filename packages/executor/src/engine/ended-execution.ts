import type { Journal } from '@codemode/shared'

import type { EventText, ExecutionHandle } from './engine.ts'
import type { EventLog } from './event-log.ts'
import type { ExecutionReport } from './execution-report.ts'
import type { JournalLog } from './journal-log.ts'
import type { ReaderWatchdog } from './reader-watchdog.ts'

interface EndedParts {
  readonly bodyHash: string
  readonly keyId: string
  readonly journal: JournalLog
  readonly events: EventLog
  readonly report: ExecutionReport
  readonly readers: ReaderWatchdog
}

/** Memory of an `EndedExecution` itself in bytes, as measured. */
const ownHeapBytes = 4 * 1024

const resolved = Promise.resolve()

/** An execution that has ended: the parts that can still be read, without those that were needed to run it. */
export class EndedExecution implements ExecutionHandle {
  readonly admitted = resolved
  readonly finished = resolved
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

  /** Memory that the execution retains, in bytes. */
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
