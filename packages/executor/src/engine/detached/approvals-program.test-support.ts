// Programs of guests that call tools with approvals, and the events of random histories.
import type { Decision, TurnEffects } from '@codemode/shared'

import type { ExecutionSpec, GuestDelivery, Sandbox, TurnOutcome } from '../../sandbox/sandbox.ts'
import { effectsOf } from '../state/journal.test-support.ts'

const minute = 60_000

/** Names of the tools: `pay` always waits for an approval, `ask` for odd amounts, and `later` defers its answers. */
export const toolNames = ['plain', 'pay', 'payToday', 'ask', 'later', 'laterToday'] as const
export type ToolName = (typeof toolNames)[number]

const inputSchema = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }
export const tools = [
  { name: 'plain', inputSchema },
  { name: 'pay', requiresApproval: 'always' as const, inputSchema },
  { name: 'payToday', requiresApproval: 'always' as const, inputSchema, approvalTimeoutMs: minute },
  { name: 'ask', requiresApproval: 'conditional' as const, inputSchema },
  { name: 'later', inputSchema },
  { name: 'laterToday', inputSchema, deferTimeoutMs: minute },
]

/** Program of a guest: groups of calls that are made at the same time. */
export interface Program {
  readonly groups: readonly (readonly ToolName[])[]
  readonly hasCallback: boolean
}

/** Decisions by their numbers in an action. The last one is refused, because its input does not fit the tool. */
export const decisions: readonly Decision[] = [
  { decision: 'approve' },
  { decision: 'approve', input: { amount: 42 } },
  { decision: 'reject', reason: 'no' },
  { decision: 'respond', output: 0 },
  { decision: 'reject', reason: 'no', end: true },
  { decision: 'approve', input: { amount: 'much' } },
]

/** Event of a history. `isRushed` if the next one follows before the executor has reacted. */
export type Action = { readonly isRushed: boolean } & (
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'finish'; readonly which: number }
  | {
      readonly type: 'decide'
      readonly which: number
      readonly decisions: readonly number[]
      readonly isStale: boolean
    }
  | { readonly type: 'post'; readonly call: number; readonly response: 'answer' | 'deferred' | 'approvalRequired' }
  | { readonly type: 'cancel' | 'callback' | 'close' | 'freeze' | 'serve' | 'stopServing' | 'slow' }
  | { readonly type: 'crash'; readonly after: number; readonly isDone: boolean }
)

/** Sandbox whose guests run such programs, and return all answers in the order of their calls. */
export const sandbox = {
  versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
  placeGuest(spec) {
    const { groups } = JSON.parse((spec as ExecutionSpec).code) as Program
    const answers: string[] = []
    let [next, made, open] = [0, 0, 0]
    const respond = (delivery: GuestDelivery): Partial<TurnEffects> => {
      if (delivery.kind === 'answer') {
        answers[delivery.call - 1] = delivery.text
        open -= 1
      }
      if (open > 0) return {}
      const group = groups[next++]
      if (group === undefined) return { end: { ok: true, result: `[${answers.toString()}]` } }
      open = group.length
      return { calls: group.map((tool) => ({ call: (made += 1), tool, input: `{"amount":${made}}` })) }
    }
    const turn = async (delivery: GuestDelivery): Promise<TurnOutcome> => ({
      type: 'turn',
      cpuMs: 1,
      effects: effectsOf(respond(delivery)),
    })
    return { turn, close() {} }
  },
} as Partial<Sandbox> as Sandbox
