/**
 * The messages between the executor and a sandbox process. What the executor sends is trusted; what a sandbox process
 * sends is an attacker's until its schema has been checked.
 */
import { turnEffectsSchema, type JournalHeader, type TurnEffects } from '@codemode/shared'
import { z } from 'zod'

/** A tool call that a guest has put out. */
export type ToolCallEffect = TurnEffects['calls'][number]

/** What makes a guest: the part of a journal's header that the guest can depend on. */
export type GuestSpec = Pick<JournalHeader, 'code' | 'input' | 'context' | 'config' | 'limits' | 'seed'> & {
  /** The names of the tools that the guest may call. */
  readonly tools: readonly string[]
}

/** What is delivered to a guest in one turn, with its content. */
export type GuestDelivery =
  | { readonly kind: 'start'; readonly at: number }
  | { readonly kind: 'answer'; readonly at: number; readonly call: number; readonly ok: boolean; readonly text: string }
  | { readonly kind: 'tick'; readonly at: number }

/** From the executor to a sandbox process. `guest` is a number that the executor gives to each guest it opens. */
export type HostMessage =
  | {
      readonly type: 'turn'
      readonly guest: number
      readonly delivery: GuestDelivery
      readonly timeoutMs: number
      /** Only with the first turn of a guest, which makes it. */
      readonly spec?: GuestSpec
    }
  | { readonly type: 'close'; readonly guest: number }

/** More entries than the limit of console output (64 KiB, an entry counts 64 bytes at least) lets through. */
const maxLogs = 2_000
/** More calls than a frame of 5 MiB holds. */
const maxCalls = 150_000

/** A turn's effects with a bound on each list: a list that is too long is refused before its items are looked at. */
const effectsSchema = turnEffectsSchema.extend({
  calls: turnEffectsSchema.shape.calls.max(maxCalls),
  logs: turnEffectsSchema.shape.logs.max(maxLogs),
})

/** What is told of a turn that has run, however it ended. */
const ofTurn = {
  guest: z.int(),
  cpuMs: z.number().nonnegative(),
  /** Whether something is broken in the process that new guests would need; those that are here go on. */
  worn: z.boolean(),
}

/** From a sandbox process to the executor. */
export const sandboxMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ready'),
    versions: z.strictObject({ v8: z.string(), icu: z.string(), arch: z.string(), guestRuntime: z.string() }),
  }),
  /** The answer to a turn whose guest was closed before it began, or that has to be run elsewhere. */
  z.strictObject({ type: z.literal('skipped'), guest: z.int() }),
  /** Some of a turn's calls, sent ahead of it: frames stay small however much a turn puts out. */
  z.strictObject({ type: z.literal('calls'), guest: z.int(), calls: effectsSchema.shape.calls }),
  z.strictObject({
    type: z.literal('turn'),
    ...ofTurn,
    /** What the guest keeps in memory now. */
    guestBytes: z.int().nonnegative(),
    effects: effectsSchema,
  }),
  z.strictObject({
    type: z.literal('stopped'),
    ...ofTurn,
    reason: z.enum(['timeout', 'memory', 'output']),
    logs: effectsSchema.shape.logs,
    logsDropped: effectsSchema.shape.logsDropped,
  }),
])

export type SandboxMessage = z.infer<typeof sandboxMessageSchema>

/** The versions that a run depends on, as a sandbox process reports them. */
export type SandboxVersions = Extract<SandboxMessage, { type: 'ready' }>['versions']
