/**
 * Types of what crosses the boundary between the guest runtime in an isolate (`guest/`) and its host, the sandbox
 * process (`child/`). Only strings, numbers and booleans cross; the specification of a start is JSON text.
 */

/**
 * Code that is ready to run, or the reason why it can't run. Lines and columns count from 1, in the code as it was
 * sent.
 */
export type PreparedSource = RunnableSource | ({ readonly ok: false } & RefusedSource)

/** Code that is ready to run. */
export interface RunnableSource {
  readonly ok: true
  /** Body of a sloppy async function that returns the code's value. */
  readonly body: string
  /** Places where columns moved, in the order of the code. */
  readonly shifts: readonly Shift[]
  /** Name by which the body calls the function that watches discarded promises; absent if it does not. */
  readonly watch?: string
  /** Whether the body calls a method `forEach` with a callback that may be an async function. */
  readonly watchesForEach?: boolean
  /** Whether the code may log an iterator that a `for…of` is reading. */
  readonly mayLogIteratorInUse?: boolean
  /** Mistake to warn of if the code turns out to have no value. */
  readonly warning?: PlacedMessage
  /** Mistakes to warn of in any case. */
  readonly mistakes?: readonly PlacedMessage[]
}

/** Kind of a session variable, as it was declared last. */
export type VariableKind = 'let' | 'const' | 'class' | 'function' | 'var'

/** Session variable that a step declares. */
export interface StepName {
  readonly name: string
  readonly kind: VariableKind
}

/** Code of a step of a session that is ready to run. */
export interface RunnableStep extends RunnableSource {
  /** Session variables that the step declares, each once. */
  readonly declares: readonly StepName[]
  /** Name by which the body refers to session variables that were constants when it was prepared. */
  readonly constants: string
  /** Name by which the body calls the function that sets a session variable to a function. */
  readonly functions: string
  /**
   * Whether the step has `result` as its value if it has no other: `fresh` if a value that an earlier step gave it must not
   * count. Absent if it has not, or declares `result`.
   */
  readonly result?: 'kept' | 'fresh'
}

/** Code of a step, or the reason why it can't run. */
export type PreparedStep = RunnableStep | Extract<PreparedSource, { ok: false }>

/** Text about a place in the code. */
export interface PlacedMessage {
  readonly message: string
  readonly line: number
  readonly column: number
}

/** Reason why code can't run, and its position. */
export interface RefusedSource extends PlacedMessage {
  /** Sentence on the likely correction; it is not part of the message. */
  readonly hint?: string
}

/** Text that was inserted into a line: from `column` on, columns are larger by `width`. */
export interface Shift {
  readonly line: number
  readonly column: number
  readonly width: number
}

/** Error codes with which the runtime itself ends an execution, other than for an error that the code throws. */
export type GuestFailureCode =
  | 'JOURNAL_TOO_LARGE'
  | 'MEMORY_LIMIT'
  | 'RESULT_NOT_SERIALIZABLE'
  | 'RESULT_TOO_LARGE'
  | 'SESSION_FROZEN'
  | 'SYNTAX_ERROR'
  | 'TOO_MANY_TIMERS'
  | 'TOO_MANY_TOOL_CALLS'

/** Limits that the runtime itself enforces, as in the journal's header. Sizes are in bytes of UTF-8. */
export interface GuestLimits {
  readonly resultBytes: number
  readonly toolInputBytes: number
  readonly logBytes: number
  readonly journalBytes: number
  readonly maxToolCalls: number
  readonly memoryLimitMb: number
  readonly timers: number
}

/** Content of the first turn, without the input, which crosses as a text of its own. */
export interface StartSpec {
  readonly source: PreparedSource
  /** Context of the execution, as JSON text. */
  readonly context: string
  /** Configuration of the execution, as JSON text. */
  readonly config: string
  readonly limits: GuestLimits
  readonly seed: string
  readonly tools: readonly string[]
}

/** Content of the first turn of a session's step, without the input. */
export interface StepSpec extends Omit<StartSpec, 'source' | 'context' | 'config'> {
  /** Number of the step in its session, from 1. */
  readonly number: number
  readonly source: PreparedStep
  /** Context and configuration of the session, as JSON texts; in the first step that the guest runs. */
  readonly session?: Pick<StartSpec, 'context' | 'config'>
}

/**
 * Function of the runtime that runs one turn. `text` is a `StartSpec` or a `StepSpec` as JSON, or an answer; `input` is
 * JSON text, and is set with these specifications only. `end-step` ends a step, whether or not it has ended by itself.
 */
export type Deliver = (
  kind: 'start' | 'answer' | 'tick' | 'step' | 'end-step',
  at: number,
  call: number,
  ok: boolean,
  text: string,
  input: string,
) => void

/** Function of the host by which the runtime reports what happened in a turn. */
export interface Emit {
  (kind: 'log', level: string, text: string): void
  (kind: 'dropped', bytes: number): void
  (kind: 'call', call: number, tool: string, input: string): void
  /** Reports the time at which the next timer is due, or -1. */
  (kind: 'timer', at: number): void
  /** Reports that the code reads the clock so often in this turn that it probably waits for it. */
  (kind: 'clock'): void
  /**
   * Reports the JSON text of the warnings that the execution has if it ends now, without an end of its own. They replace
   * those that were reported before.
   */
  (kind: 'warnings', text: string): void
  /**
   * Reports the JSON text of the value that the code returns; it is used if the execution ends with it. Returns its
   * size in bytes of UTF-8.
   */
  (kind: 'result', text: string): number
  /**
   * Reports that the code could not be compiled, before any of it has run. Returns, as the JSON text of a
   * `PreparedSource`, what the host finds when it compiles the code too.
   */
  (kind: 'uncompiled'): string
  /** Reports the names of the session variables that do not exist, as JSON text, when a step has ended. */
  (kind: 'absent', names: string): void
  /** Reports the end of the execution: the JSON text of a `GuestEnd`, without its result. */
  (kind: 'end', text: string): void
}

/** Function of the host that runs an operation of its URL parser; see `urlHost`. */
export type UrlHost = (operation: string, json: string) => string

/** Function of the host that returns the source of a rare part of the runtime; see `guest/rare-parts.ts`. */
export type SourceOfPart = (part: string) => string
