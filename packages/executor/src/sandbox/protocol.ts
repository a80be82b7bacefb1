/**
 * Messages between the executor and a sandbox process. A sandbox process trusts the executor's messages. The executor
 * treats what a sandbox process sends as hostile input until its schema has been checked.
 */
import { turnEffectsSchema, type JournalHeader, type TurnEffects } from '@codemode/shared'
import { z } from 'zod'

/** Tool call among the effects of a turn. */
export type ToolCallEffect = TurnEffects['calls'][number]

/** Specification of the guest of an execution: the part of a journal's header that the guest can depend on. */
export type ExecutionSpec = Pick<JournalHeader, 'code' | 'input' | 'context' | 'config' | 'limits' | 'seed'> & {
  /** Names of the tools that the guest may call. */
  readonly tools: readonly string[]
}

/** Specification of the guest of a session, which runs steps. Of the limits, only the memory limit counts. */
export type SessionSpec = Pick<JournalHeader, 'context' | 'config' | 'limits'> & { readonly kind: 'session' }

/** Specification of a guest that only checks the syntax of a step's code, in its only turn. */
export type SourceCheckSpec = Pick<JournalHeader, 'code' | 'limits'> & { readonly kind: 'check' }

/** Specification of a guest. */
export type GuestSpec = ExecutionSpec | SessionSpec | SourceCheckSpec

/** Step of a session, as its guest receives it. */
export type GuestStep = Pick<JournalHeader, 'code' | 'input' | 'limits' | 'seed'> & {
  /** Number of the step in its session, from 1. Numbers increase, and may leave some out. */
  readonly number: number
  /** Names of the tools that the step may call. */
  readonly tools: readonly string[]
}

/** Delivery to a guest in one turn, with its content. */
export type GuestDelivery =
  | { readonly kind: 'start'; readonly at: number }
  | { readonly kind: 'answer'; readonly at: number; readonly call: number; readonly ok: boolean; readonly text: string }
  | { readonly kind: 'tick'; readonly at: number }
  /**
   * First turn of a step. The step before must have ended: by itself, or by `end-step`. Answers to the calls of an ended
   * step are not delivered, since the next step begins the numbers of its calls anew.
   */
  | { readonly kind: 'step'; readonly at: number; readonly step: GuestStep }
  /**
   * End of a step that the executor ends between turns. A step that ends by itself needs none. The guest drops the calls and
   * the timers of the step, and keeps its variables.
   */
  | { readonly kind: 'end-step'; readonly at: number }

/** Variables of a session that exist, with the kinds of their last declarations. */
const sessionVariablesSchema = z
  .array(z.strictObject({ name: z.string(), kind: z.enum(['let', 'const', 'class', 'function', 'var']) }))
  .max(100_000)

/** Variable of a session. */
export type SessionVariable = z.infer<typeof sessionVariablesSchema>[number]

/**
 * Message from the executor to a sandbox process. `guest` is a number that the executor assigns to each guest that it
 * opens.
 */
export type HostMessage =
  | {
      readonly type: 'turn'
      readonly guest: number
      readonly delivery: GuestDelivery
      /**
       * Deliveries that the process makes after this one, each in a turn of its own with a report of its own. It may leave out the
       * last ones; the last turn that it makes is reported without `isFollowed`.
       */
      readonly ahead?: readonly GuestDelivery[]
      /** Milliseconds of wall time for each turn. */
      readonly timeoutMs: number
      /** Specification to make the guest from; present in its first turn only. */
      readonly spec?: GuestSpec
      /** True if the guest gets an isolate that serves no other guest; present in its first turn only. */
      readonly ownIsolate?: boolean
    }
  | { readonly type: 'close'; readonly guest: number }

/**
 * Maximum number of log entries of a turn. It is more than the limit of console output (64 KiB, with at least 64 bytes
 * for an entry) lets through.
 */
const maxLogs = 2_000
/** Maximum number of isolates that are ready for a guest. It is more than a process keeps. */
const maxReadyIsolates = 1_000
/** Maximum number of calls in a message. It is more than a frame of 5 MiB holds. */
const maxCalls = 150_000

/**
 * Effects of a turn with a bound on each list, so that a list that is too long is refused before its items are checked.
 */
const effectsSchema = turnEffectsSchema.extend({
  calls: turnEffectsSchema.shape.calls.max(maxCalls),
  logs: turnEffectsSchema.shape.logs.max(maxLogs),
})

/** Fields of each report on a turn that has run, however it ended. */
const ofTurn = {
  guest: z.int(),
  cpuMs: z.number().nonnegative(),
  /** Whether something is broken in the process that new guests would need. Guests that are present continue. */
  unfitForNewGuests: z.boolean(),
}

/** Message from a sandbox process to the executor. */
export const sandboxMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ready'),
    versions: z.strictObject({ v8: z.string(), icu: z.string(), arch: z.string(), guestRuntime: z.string() }),
  }),
  /** Number of isolates that are ready for a guest, sent every few seconds if it has changed. */
  z.strictObject({
    type: z.literal('isolates'),
    unused: z.int().nonnegative().max(maxReadyIsolates),
    used: z.int().nonnegative().max(maxReadyIsolates),
  }),
  /** Answer to a turn whose guest was closed before it began, or that has to run in another process or another isolate. */
  z.strictObject({
    type: z.literal('skipped'),
    guest: z.int(),
    /** True if the turn ran out of memory in an isolate that had other guests before, which may have left too little. */
    needsOwnIsolate: z.literal(true).optional(),
    /** True if V8 has disposed of the isolate, after which the process should get no new guests. */
    unfitForNewGuests: z.literal(true).optional(),
  }),
  /** Memory in bytes that a waiting guest keeps after that of earlier guests of its isolate was freed, at most once for each. */
  z.strictObject({ type: z.literal('freed'), guest: z.int(), guestBytes: z.int().nonnegative() }),
  /** Part of a turn's calls, sent ahead of its report, so that frames stay small however many calls a turn makes. */
  z.strictObject({ type: z.literal('calls'), guest: z.int(), calls: effectsSchema.shape.calls }),
  z.strictObject({
    type: z.literal('turn'),
    ...ofTurn,
    /** Memory in bytes that the guest keeps after the turn. */
    guestBytes: z.int().nonnegative(),
    effects: effectsSchema,
    /** True if the guest has begun the turn of the next delivery of the message. */
    isFollowed: z.literal(true).optional(),
    /** Variables of the session after the end of a step. */
    variables: sessionVariablesSchema.optional(),
  }),
  z.strictObject({
    type: z.literal('stopped'),
    ...ofTurn,
    reason: z.enum(['timeout', 'memory', 'output']),
    /** Whether the code read the clock so often in this turn that it probably waited for it. */
    waitedForClock: z.boolean(),
    logs: effectsSchema.shape.logs,
    logsDropped: effectsSchema.shape.logsDropped,
    warnings: effectsSchema.shape.warnings,
  }),
])

export type SandboxMessage = z.infer<typeof sandboxMessageSchema>

/** Versions that a run depends on, as a sandbox process reports them. */
export type SandboxVersions = Extract<SandboxMessage, { type: 'ready' }>['versions']
