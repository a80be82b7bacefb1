import type { JournalHeader } from '@codemode/shared'

import type { EntryOf, Fact, Part, Row, Segment, Tone } from './row.ts'

type Call = EntryOf<'turn'>['effects']['calls'][number]
type Answer = Pick<EntryOf<'answer'>, 'ok' | 'text' | 'errorCode'>

/** Collects what the journal says about tool calls, and makes a row of each. */
export class CallRows {
  readonly #calls = new Map<number, CallRow>()
  readonly #pausing: ReadonlySet<string>
  readonly #executionId: string

  constructor({ tools, executionId, approvals }: JournalHeader) {
    // With `approvals: 'client'` the client decides within the call, so it does not wait here.
    const pausing = approvals === 'client' ? [] : tools.filter(({ requiresApproval }) => requiresApproval === 'always')
    this.#pausing = new Set(pausing.map(({ name }) => name))
    this.#executionId = executionId
  }

  /** Adds a call that a turn made. */
  add(call: Call, at: number): void {
    const row = new CallRow(call, at, `${this.#executionId}:${call.call}`)
    if (this.#pausing.has(call.tool)) row.pause(at)
    this.#calls.set(call.call, row)
  }

  nameOf(call: number): string {
    return this.#calls.get(call)?.tool ?? `call ${call}`
  }

  answer({ at, call, decision, ...answer }: EntryOf<'answer'>): void {
    const row = this.#calls.get(call)
    if (decision !== undefined) row?.decide(at, [['Decided by the client', decision.decision]])
    row?.settle(at, answer)
  }

  approval({ at, call, reason }: EntryOf<'approval'>): void {
    this.#calls.get(call)?.pause(at, reason)
  }

  decision({ at, call, decision, by, note, reason, input, answer }: EntryOf<'decision'>): void {
    const row = this.#calls.get(call)
    if (row === undefined) return
    const facts: Fact[] = [[decision === 'expire' ? 'Expired at' : `Decided at (${decision})`, at]]
    if (by !== undefined) facts.push(['Decided by', by])
    if (reason !== undefined) facts.push(['Reason', reason])
    if (note !== undefined) facts.push(['Note', note])
    row.decide(at, facts, input)
    if (answer !== undefined) row.settle(at, answer)
    else if (decision !== 'approve') row.end(at)
  }

  deferred({ at, call, decision }: EntryOf<'deferred'>): void {
    const row = this.#calls.get(call)
    if (decision !== undefined) row?.decide(at, [['Decided by the client', decision.decision]])
    row?.defer(at)
  }

  /** Lets open calls wait while no node holds the execution: nothing serves them. */
  park(at: number): void {
    for (const row of this.#calls.values()) row.park(at)
  }

  /** Ends the wait of calls that began with a park. */
  unpark(at: number): void {
    for (const row of this.#calls.values()) row.unpark(at)
  }

  /** Ends the calls that are open when the execution ends. They are a problem if it did not end by itself. */
  endAll(at: number, { isStopped }: { isStopped: boolean }): void {
    for (const row of this.#calls.values()) row.end(at, { isStopped })
  }

  rows(): Row[] {
    return [...this.#calls.values()].map((call) => call.row())
  }
}

/** One call, as the journal describes it so far. */
class CallRow {
  readonly tool: string
  readonly #call: Call
  readonly #segments: Segment[] = []
  #start: number
  #tone: Tone = 'call'
  #isSettled = false
  #isParked = false
  #state = 'open'
  readonly #facts: Fact[]
  readonly #parts: Part[]

  constructor(call: Call, at: number, callId: string) {
    this.tool = call.tool
    this.#call = call
    this.#start = at
    this.#facts = [['Call id', callId]]
    this.#parts = [{ title: 'Input', text: call.input, isJson: true }]
  }

  pause(at: number, reason?: string): void {
    if (this.#isSettled) return
    this.#close(at)
    this.#tone = 'approval'
    this.#state = 'waits for an approval'
    if (reason !== undefined) this.#facts.push(['Approval needed because', reason])
  }

  decide(at: number, facts: readonly Fact[], input?: string): void {
    this.#close(at)
    this.#tone = 'call'
    this.#state = 'open'
    this.#facts.push(...facts)
    if (input !== undefined) this.#parts.push({ title: 'Input as approved', text: input, isJson: true })
  }

  park(at: number): void {
    if (this.#isSettled || this.#tone !== 'call') return
    this.#close(at)
    this.#tone = 'wait'
    this.#isParked = true
  }

  unpark(at: number): void {
    if (this.#isSettled || !this.#isParked) return
    this.#close(at)
    this.#tone = 'call'
    this.#isParked = false
  }

  defer(at: number): void {
    this.#close(at)
    this.#tone = 'wait'
    this.#state = 'deferred'
    this.#facts.push(['Deferred at', at])
  }

  settle(at: number, { ok, text, errorCode }: Answer): void {
    if (this.#isSettled) return
    this.#close(at, true)
    this.#isSettled = true
    this.#tone = ok ? 'ok' : 'failed'
    this.#state = ok ? 'completed' : (errorCode ?? 'failed')
    this.#facts.push(['Answered at', at])
    this.#parts.push({ title: ok ? 'Output' : 'Error', text, isJson: true })
  }

  end(at: number, { isStopped = false } = {}): void {
    if (this.#isSettled) return
    this.#close(at, true)
    this.#isSettled = true
    this.#tone = isStopped ? 'unanswered' : 'muted'
    this.#state = isStopped ? 'no answer' : 'cancelled'
  }

  row(): Row {
    const { call, tool, input } = this.#call
    const segments = this.#isSettled ? this.#segments : [...this.#segments, { start: this.#start, tone: this.#tone }]
    // The colour of the last segment shows the outcome.
    const last = segments.at(-1)!
    const shown =
      last.tone === 'call' && this.#isSettled ? [...segments.slice(0, -1), { ...last, tone: this.#tone }] : segments
    return {
      id: `call-${call}`,
      kind: 'call',
      name: tool,
      note: `#${call} ${this.#state}`,
      input,
      tone: this.#tone,
      segments: shown,
      facts: this.#facts,
      parts: this.#parts,
    }
  }

  /** Ends the current segment. One without a duration is kept only if it is the call's only one. */
  #close(end: number, isLast = false): void {
    if (end > this.#start || (isLast && this.#segments.length === 0))
      this.#segments.push({ start: this.#start, end, tone: this.#tone })
    this.#start = end
  }
}
