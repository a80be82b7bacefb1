import { callIdOf, type JournalEntry, type JournalHeader } from '@codemode/shared'
import type { TraceContext } from '@codemode/shared/internal'

import { callContextOf } from '../../tracing/spans.ts'
import { ToolCallSpans } from '../../tracing/tool-call-spans.ts'
import type { EventText } from '../engine.ts'
import { answerIn } from '../runner/guest-input.ts'
import type { CallState } from '../state/call-table.ts'

/** Spans of the tool calls that a client serves over the event stream of a stored execution, from its reader's node. */
export class ServedCallSpans {
  readonly #header: JournalHeader
  readonly #spans: ToolCallSpans
  /** Numbers of the calls that were answered before the client came; empty without tracing. */
  readonly #answered: ReadonlySet<number>

  constructor(header: JournalHeader, entries: readonly JournalEntry[]) {
    this.#header = header
    this.#spans = new ToolCallSpans(callContextOf(header.trace))
    const traced = header.trace === undefined ? [] : entries
    this.#answered = new Set(traced.flatMap((entry) => answerIn(entry)?.[0] ?? []))
  }

  /** Returns the context of the span of a call that is not answered; undefined for others, and without tracing. */
  traceOf({ number, tool }: CallState): TraceContext | undefined {
    if (this.#header.trace === undefined || this.#answered.has(number)) return undefined
    const { executionId, correlationId } = this.#header
    return this.#spans.traceContextOf({ tool, callId: callIdOf(executionId, number), executionId, correlationId })
  }

  /** Ends the span of the call that an event settles. */
  observe({ type, json }: EventText): void {
    if (this.#spans.areOpen && type === 'tool.settled') {
      const { callId, status, errorCode }: { callId: string; status: string; errorCode?: string } = JSON.parse(json)
      this.#spans.end(callId, status === 'completed' ? undefined : { code: errorCode })
    }
  }

  /** Ends the spans of the calls that are open when the client leaves. */
  [Symbol.dispose](): void {
    this.#spans.endAll()
  }
}
