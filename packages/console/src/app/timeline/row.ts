import type { JournalEntry } from '@codemode/shared'

/** Kind of a row, by which the viewer filters. */
export type RowKind = 'turn' | 'call' | 'log' | 'wait' | 'node' | 'end'

/** All kinds of rows. */
export const allKinds: ReadonlySet<RowKind> = new Set(['turn', 'call', 'log', 'wait', 'node', 'end'])

/** Colour and meaning of a bar. */
export type Tone = 'turn' | 'call' | 'wait' | 'approval' | 'ok' | 'failed' | 'unanswered' | 'warn' | 'muted'

/** Tones of rows that are problems. */
const problemTones: ReadonlySet<Tone> = new Set(['failed', 'unanswered', 'warn'])

/** Part of a row's bar. Times are in milliseconds since the epoch; a segment without `end` still lasts. */
export interface Segment {
  readonly start: number
  readonly end?: number
  readonly tone: Tone
}

/** Text that the details of a row show, such as the input of a call. */
export interface Part {
  readonly title: string
  readonly text: string
  /** True if the text is JSON. */
  readonly isJson: boolean
}

/** Fact in the details of a row. A number is a time in milliseconds since the epoch. */
export type Fact = readonly [name: string, value: string | number]

/** Row of the timeline: a span or a moment of an execution. */
export interface Row {
  /** Id that stays the same while the journal grows, such as `call-3`, for links. */
  readonly id: string
  readonly kind: RowKind
  readonly name: string
  /** Note beside the name, such as the delivery of a turn. */
  readonly note?: string
  /** Input of a call as JSON text, of which the row shows the beginning. */
  readonly input?: string
  readonly tone: Tone
  /** Parts of the bar; a segment of no length is drawn as a mark. */
  readonly segments: readonly Segment[]
  readonly facts: readonly Fact[]
  readonly parts: readonly Part[]
}

export type EntryOf<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>

/** Returns whether a row is a problem. */
export function isProblem({ tone }: Row): boolean {
  return problemTones.has(tone)
}

/** Returns the start of a row in milliseconds since the epoch. */
export function startOf(row: Row): number {
  return row.segments[0]!.start
}

/** Returns the end of a row; undefined if it still lasts. */
export function endOf(row: Row): number | undefined {
  return row.segments.at(-1)!.end
}
