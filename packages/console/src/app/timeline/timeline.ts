import type { Journal, JournalEntry, JournalHeader } from '@codemode/shared'

import { CallRows } from './call-rows.ts'
import { endOf, startOf, type EntryOf, type Fact, type Part, type Row } from './row.ts'

/** Rows of an execution in the order of their start, and the times that they span. */
export interface Timeline {
  readonly rows: readonly Row[]
  /** Time at which the execution was accepted, in milliseconds since the epoch. */
  readonly start: number
  /** Time at which a node began to run it, after the queue; the start if none has yet. */
  readonly began: number
  /** Time of the last entry, or the end of the execution. */
  readonly end: number
  /** True if the journal says that the execution has ended. */
  readonly hasEnded: boolean
}

/** Returns the rows that a journal describes: the queue, turns, tool calls, console output, waits and nodes. */
export function timelineOf({ header, entries }: Journal): Timeline {
  const builder = new TimelineBuilder(header)
  for (const [index, entry] of entries.entries()) builder.add(entry, index)
  return builder.timeline()
}

/** Codes of failures with which code ends by itself. With the others it is stopped: by a limit, a person or a fault. */
const ownEnds: ReadonlySet<string> = new Set([
  'SYNTAX_ERROR',
  'GUEST_ERROR',
  'RESULT_NOT_SERIALIZABLE',
  'RESULT_TOO_LARGE',
])

/** Reasons for a rebuild without an eviction, by the claim since the turn before. */
const lossNotes = {
  first: 'the guest of the session was not in memory',
  park: 'the execution was parked',
  takeover: 'another node had the guest',
  none: 'the guest was lost',
} as const

/** Park that lasts, with the index of its entry. */
type Parked = EntryOf<'park'> & { readonly index: number }

/** Timer that is set, with the index of the turn that set it. */
interface Timer {
  readonly dueAt: number
  readonly since: number
  readonly index: number
}

class TimelineBuilder {
  readonly #rows: Row[] = []
  readonly #calls: CallRows
  readonly #createdAt: number
  #began: number | undefined
  #last: number
  #isClaimed = false
  #node: string | undefined
  /** Kind of the latest claim, if no turn has run under it. */
  #newClaim: keyof typeof lossNotes = 'none'
  #parked: Parked | undefined
  #timer: Timer | undefined
  #hasEnded = false

  constructor(header: JournalHeader) {
    this.#calls = new CallRows(header)
    this.#createdAt = Date.parse(header.createdAt)
    this.#last = this.#createdAt
  }

  add(entry: JournalEntry, index: number): void {
    switch (entry.type) {
      case 'claim':
        this.#claim(entry, index)
        break
      case 'park':
        this.#parked = { ...entry, index }
        this.#isClaimed = false
        this.#calls.park(entry.at)
        break
      case 'answer':
        this.#calls.answer(entry)
        break
      case 'approval':
        this.#calls.approval(entry)
        break
      case 'decision':
        this.#calls.decision(entry)
        if (entry.end !== undefined) this.#end(entry.at, { ...entry.end, by: 'the rejection of a tool call' })
        break
      case 'deferred':
        this.#calls.deferred(entry)
        break
      case 'turn':
        this.#turn(entry, index)
        break
      case 'end':
        this.#hostEnd(entry, index)
    }
    this.#last = Math.max(this.#last, entry.type === 'turn' ? entry.endedAt : entry.at)
  }

  timeline(): Timeline {
    if (this.#parked !== undefined) this.#rows.push(parkedRow(this.#parked))
    if (this.#timer !== undefined && !this.#hasEnded) this.#rows.push(timerRow(this.#timer))
    const rows = [...this.#rows, ...this.#calls.rows()].sort((a, b) => startOf(a) - startOf(b))
    const ends = rows.map((row) => endOf(row) ?? startOf(row))
    return {
      rows,
      start: this.#createdAt,
      began: this.#began ?? this.#createdAt,
      end: ends.reduce((latest, end) => Math.max(latest, end), this.#last),
      hasEnded: this.#hasEnded,
    }
  }

  #claim({ at, epoch, node }: EntryOf<'claim'>, index: number): void {
    const parked = this.#parked
    if (parked !== undefined) this.#rows.push(parkedRow(parked, at))
    this.#parked = undefined
    this.#calls.unpark(at)
    const isFirst = epoch === 1
    if (isFirst && at > this.#createdAt) {
      const segments = [{ start: this.#createdAt, end: at, tone: 'wait' as const }]
      this.#rows.push(moment({ id: 'queue', kind: 'wait', name: 'Queue', note: 'waited for admission', segments }))
    }
    // A claim without a park before it takes the execution over from a node that did not give it back.
    const isTakeover = this.#isClaimed && !isFirst
    const verb = isFirst ? 'Started' : isTakeover ? 'Taken over' : 'Continued'
    this.#rows.push(
      moment({
        id: `claim-${index}`,
        kind: 'node',
        name: `${verb} by a node`,
        note: node.slice(0, 8),
        tone: isTakeover ? 'warn' : 'muted',
        segments: [{ start: at, end: at, tone: isTakeover ? 'warn' : 'muted' }],
        facts: [
          ['Node', node],
          ['Claim', String(epoch)],
          ...(isTakeover && this.#node !== undefined ? [['Previous node', this.#node] as const] : []),
        ],
      }),
    )
    this.#newClaim = isFirst ? 'first' : isTakeover ? 'takeover' : 'park'
    this.#isClaimed = true
    this.#began ??= at
    this.#node = node
  }

  #turn(entry: EntryOf<'turn'>, index: number): void {
    const { at, endedAt, delivery, effects, cpuMs } = entry
    if (delivery.kind === 'tick' && this.#timer !== undefined) {
      this.#rows.push(timerRow(this.#timer, at))
      this.#timer = undefined
    }
    this.#rebuilt(entry, index)
    const received =
      delivery.kind === 'start'
        ? 'start of the code'
        : delivery.kind === 'tick'
          ? 'a timer'
          : `answer of ${this.#calls.nameOf(delivery.call)} #${delivery.call}`
    const failed = effects.end?.ok === false
    const tone = failed ? ('failed' as const) : ('turn' as const)
    this.#rows.push(
      moment({
        id: `turn-${index}`,
        kind: 'turn',
        name: 'Turn',
        note: received,
        tone,
        segments: [{ start: at, end: endedAt, tone }],
        facts: [
          ['Received', received],
          ['CPU time', `${cpuMs.toFixed(1)} ms`],
          ['Tool calls', String(effects.calls.length)],
        ],
      }),
    )
    this.#logs(effects.logs, at, index)
    for (const call of effects.calls) this.#calls.add(call, endedAt)
    this.#setTimer(effects.nextTimerAt, endedAt, index)
    if (effects.end?.ok === true) this.#complete(endedAt, effects.end.result)
    else if (effects.end !== undefined) this.#end(endedAt, effects.end)
  }

  #setTimer(dueAt: number | null, at: number, index: number): void {
    if (dueAt === null) this.#timer = undefined
    else if (dueAt !== this.#timer?.dueAt) this.#timer = { dueAt, since: at, index }
  }

  /** Adds the eviction of the guest before a turn or an end, and the replays that have rebuilt it. */
  #rebuilt({ at, replays, evictedAt }: EntryOf<'turn' | 'end'>, index: number): void {
    const lossNote = lossNotes[this.#newClaim]
    this.#newClaim = 'none'
    const mark = { kind: 'node', tone: 'muted' } as const
    if (evictedAt !== undefined) {
      const segments = [{ start: evictedAt, end: evictedAt, tone: 'muted' as const }]
      const note = 'the guest had waited for long, or memory was full'
      this.#rows.push(moment({ ...mark, id: `eviction-${index}`, name: 'Evicted from memory', note, segments }))
    }
    if (replays === undefined) return
    const note = evictedAt === undefined ? lossNote : 'the guest was evicted'
    const segments = [{ start: at, end: at, tone: 'muted' as const }]
    const facts: Fact[] = [['Replays', String(replays)]]
    this.#rows.push(moment({ ...mark, id: `replay-${index}`, name: 'Rebuilt by replay', note, segments, facts }))
  }

  #logs(logs: EntryOf<'turn'>['effects']['logs'], at: number, index: number): void {
    for (const [position, { level, text }] of logs.entries()) {
      const tone = level === 'error' ? 'failed' : level === 'warn' ? 'warn' : 'muted'
      this.#rows.push(
        moment({
          id: `log-${index}-${position}`,
          kind: 'log',
          name: `console.${level}`,
          note: text,
          tone,
          segments: [{ start: at, end: at, tone }],
          parts: [{ title: `console.${level}`, text, isJson: false }],
        }),
      )
    }
  }

  #complete(at: number, result: string): void {
    const parts = [{ title: 'Result', text: result, isJson: true }]
    this.#finish(at, { name: 'Completed', tone: 'ok', parts }, { isStopped: false })
  }

  #hostEnd(entry: EntryOf<'end'>, index: number): void {
    const { at, error, logs } = entry
    this.#rebuilt(entry, index)
    if (logs !== undefined) this.#logs(logs, at, index)
    this.#end(at, { ...error, by: 'the executor' })
  }

  #end(at: number, { code, message, by }: { code: string; message: string; by?: string }): void {
    const name = code === 'CANCELLED' ? 'Cancelled' : `Failed: ${code}`
    const facts: Fact[] = by === undefined ? [] : [['Ended by', by]]
    const parts: Part[] = [{ title: 'Message', text: message, isJson: false }]
    const tone = code === 'CANCELLED' ? 'muted' : 'failed'
    this.#finish(at, { name, note: message, tone, facts, parts }, { isStopped: !ownEnds.has(code) })
  }

  #finish(at: number, row: Pick<Row, 'name' | 'tone'> & Partial<Row>, by: { isStopped: boolean }): void {
    this.#hasEnded = true
    this.#parked = undefined
    this.#calls.endAll(at, by)
    this.#rows.push(moment({ id: 'end', kind: 'end', ...row, segments: [{ start: at, end: at, tone: row.tone }] }))
  }
}

/** Returns a row, with defaults for what it does not name. */
function moment(row: Pick<Row, 'id' | 'kind' | 'name' | 'segments'> & Partial<Row>): Row {
  return { tone: 'wait', facts: [], parts: [], ...row }
}

function parkedRow({ at, until, attention, isPromotion, index }: Parked, end?: number): Row {
  const tone = attention === undefined ? ('wait' as const) : ('failed' as const)
  return moment({
    id: `park-${index}`,
    kind: 'wait',
    name: attention === undefined ? 'Parked' : 'Needs attention',
    note: attention?.message ?? (isPromotion ? 'became detached to wait for approvals' : 'no node holds the execution'),
    tone,
    segments: [{ start: at, tone, ...(end !== undefined && { end }) }],
    facts: until === undefined ? [] : [['Next timer at', until]],
    parts: attention === undefined ? [] : [{ title: attention.code, text: attention.message, isJson: false }],
  })
}

function timerRow({ dueAt, since, index }: Timer, end?: number): Row {
  return moment({
    id: `timer-${index}`,
    kind: 'wait',
    name: 'Timer',
    note: 'sleep or setTimeout',
    segments: [{ start: since, tone: 'wait', ...(end !== undefined && { end }) }],
    facts: [['Due at', dueAt]],
  })
}
