import { defaultRequestLimits, fixedLimits, type JournalHeader, type TurnEffects } from '@codemode/shared'

import { ReusableIsolate } from '../../packages/executor/src/sandbox/child/isolates/reusable-isolate.ts'
import { GuestRuntime } from '../../packages/executor/src/sandbox/child/isolates/guest-runtime.ts'
import { openGuest } from '../../packages/executor/src/sandbox/child/open-guest.ts'
import { compileForTypicalGuest } from '../../packages/executor/src/sandbox/child/typical-guest.ts'
import type { TurnReply } from '../../packages/executor/src/sandbox/child/guest-host.ts'
import { runtimeSource } from '../../packages/executor/src/sandbox/runtime-source.ts'
import type { GuestDelivery, SessionVariable } from '../../packages/executor/src/sandbox/sandbox.ts'

const runtime = new GuestRuntime(await runtimeSource())
compileForTypicalGuest(runtime)
export const limits: JournalHeader['limits'] = { ...defaultRequestLimits, ...fixedLimits }
const timeoutMs = 60_000

export interface StepOptions {
  readonly input?: unknown
  readonly tools?: readonly string[]
  readonly seed?: number
  readonly limits?: Partial<typeof limits>
}

/** Turns of a step so far: its outcome, and all that it put out. */
export interface StepOutcome {
  readonly type: TurnReply['type']
  readonly value: unknown
  /** Name and message of the error that the step threw, or the code of another failure. */
  readonly error: string | undefined
  readonly stack: string | undefined
  readonly effects: TurnEffects | undefined
  readonly variables: readonly SessionVariable[] | undefined
}

/** Session in an isolate of this process. Time begins at 1,000 and advances by 1 ms for each delivery. */
export class SessionGuest {
  readonly #isolate = new ReusableIsolate(runtime, limits.memoryLimitMb)
  readonly #guest = openGuest({ kind: 'session', context: '{"user":"u"}', config: '{}', limits }, this.#isolate)
  #at = 1_000
  #number = 0
  /** Deliveries so far, with the reply to each. */
  readonly turns: { readonly delivery: GuestDelivery; readonly reply: TurnReply }[] = []

  /** Runs the first turn of a step. */
  step(code: string, options: StepOptions = {}): StepOutcome {
    const { input = null, tools = [], seed = 0 } = options
    const number = ++this.#number
    const step = {
      number,
      code,
      input: JSON.stringify(input),
      seed: `${number}${seed}`.padStart(64, '0'),
      tools,
      limits: { ...limits, ...options.limits },
    }
    return this.deliver({ kind: 'step', at: ++this.#at, step })
  }

  /** Runs steps one after the other, and returns the value or the error of each. */
  run(...codes: readonly string[]): unknown[] {
    return codes.map((code) => shown(this.step(code)))
  }

  answer(call: number, value: unknown): StepOutcome {
    return this.deliver({ kind: 'answer', at: ++this.#at, call, ok: true, text: JSON.stringify(value) })
  }

  tick(ms = 1): StepOutcome {
    this.#at += ms
    return this.deliver({ kind: 'tick', at: this.#at })
  }

  end(): StepOutcome {
    return this.deliver({ kind: 'end-step', at: ++this.#at })
  }

  deliver(delivery: GuestDelivery): StepOutcome {
    const reply = this.#guest.turn(delivery, timeoutMs)
    this.turns.push({ delivery, reply: structuredClone(reply) })
    return outcomeOf(reply)
  }

  [Symbol.dispose](): void {
    this.#isolate.dispose()
  }
}

/** Returns the value of a step, or its error as text. */
export function shown({ type, value, error }: StepOutcome): unknown {
  return type === 'turn' ? (error ?? value) : type
}

function outcomeOf(reply: TurnReply): StepOutcome {
  const nothing = { value: undefined, error: undefined, stack: undefined, effects: undefined, variables: undefined }
  if (reply.type !== 'turn') return { type: reply.type, ...nothing }
  const { effects, variables } = reply
  const { end } = effects
  if (end === undefined) return { type: 'turn', ...nothing, effects, variables }
  if (end.ok) return { ...nothing, type: 'turn', value: JSON.parse(end.result), effects, variables }
  const error = end.code === 'GUEST_ERROR' ? `${end.name}: ${end.message}` : `${end.code}: ${end.message}`
  return { type: 'turn', value: undefined, error, stack: end.stack, effects, variables }
}
