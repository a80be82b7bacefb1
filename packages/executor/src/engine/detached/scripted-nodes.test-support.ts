import { newExecutionId, type ExecutionRequest, type ToolAnswer, type TurnEffects } from '@codemode/shared'
import { expect } from 'vitest'

import { defaultMaxLimits } from '../../api-keys.ts'
import type { ExecutionSpec, GuestDelivery, Sandbox, TurnOutcome } from '../../sandbox/sandbox.ts'
import type { ExecutionStore } from '../../store/execution-store.ts'
import type { CreateCallbackTransport, OutgoingCall } from '../../tools/transport.ts'
import { combineObservers } from '../engine-observer.ts'
import { allRights, type Principal } from '../principal.ts'
import { Pacer } from '../runner/pacer.ts'
import { WarmGuests } from '../session/warm-guests.ts'
import { effectsOf, headerOf } from '../state/journal.test-support.ts'
import { DetachedExecutions } from './detached-executions.ts'

/** Returns what a guest does after the last of the deliveries. */
export type Script = (deliveries: readonly GuestDelivery[]) => Partial<TurnEffects>

export const principal: Principal = {
  keyId: 'key',
  owner: 'owner',
  rights: allRights,
  tenant: 'acme',
  isolation: 'tenant',
  reuseIsolates: true,
  defaultLimits: headerOf().limits,
  maxLimits: defaultMaxLimits,
  maxDetachedExecutionMs: 86_400_000,
  maxRunning: 10,
  maxQueued: 10,
}

/** Returns a sandbox whose guests are scripts. A changed guest writes a log entry in each turn. */
export function scriptedSandbox(scriptOf: (code: string) => Script, isChanged = () => false): Sandbox {
  return {
    versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
    placeGuest(spec) {
      const script = scriptOf((spec as ExecutionSpec).code)
      const deliveries: GuestDelivery[] = []
      const turn = async (delivery: GuestDelivery): Promise<TurnOutcome> => {
        deliveries.push(delivery)
        const logs = isChanged() ? [{ level: 'log' as const, text: 'another runtime' }] : []
        return { type: 'turn', cpuMs: 1, effects: { ...effectsOf(script(deliveries)), logs } }
      }
      return { turn, close() {} }
    },
  } as Partial<Sandbox> as Sandbox
}

interface NodeOptions {
  readonly sandbox: Sandbox
  /** Answers the calls of all executions. */
  readonly call?: (call: OutgoingCall, signal: AbortSignal) => Promise<ToolAnswer>
  /** Creates the transport of each run, in place of `call`. */
  readonly callbackTransport?: CreateCallbackTransport
  readonly maxRunning?: number
  readonly parkAfterMs?: number
  readonly guests?: WarmGuests
}

/** Starts a node. A bug that it reports fails the test. */
export function startScriptedNode(store: ExecutionStore, node: string, options: NodeOptions): DetachedExecutions {
  const { sandbox, call = () => Promise.resolve({ ok: true, output: null }), maxRunning = 10 } = options
  return new DetachedExecutions({
    store,
    node,
    maxRunning,
    parkAfterMs: options.parkAfterMs ?? 1_000,
    guests: options.guests ?? new WarmGuests(30_000),
    sandbox,
    pacer: new Pacer(),
    callbackTransport: options.callbackTransport ?? (() => ({ call })),
    observer: combineObservers([{ executionFailedByBug: (error) => expect.unreachable(String(error)) }]),
  })
}

/** Returns the submission of an execution with tools. */
export function submissionOf(code: string, more: Partial<ExecutionRequest> = {}) {
  const callback = { url: 'https://app.example/tools', token: 'x'.repeat(16) }
  const request = { id: newExecutionId(), code, tools: [{ name: 'echo' }], callback, detached: true, ...more }
  return { request, bodyHash: code, principal, correlationId: 'cor_1', transport: 'callback' } as const
}

/** Waits for the end of an execution, and returns its value or its error code. */
export async function resultOf(execution: { finished: Promise<void>; result(): Promise<string> }): Promise<unknown> {
  await execution.finished
  const { success, result, error } = JSON.parse(await execution.result()) as Record<string, unknown>
  return success === true ? result : (error as { code: string }).code
}
