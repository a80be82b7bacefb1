// Durable sessions over the store in memory, with guests whose state is the list of the codes that have run in them.
import { newExecutionId, type ExecutionRequest, type ToolAnswer } from '@codemode/shared'

import type { GuestDelivery, GuestSpec, Sandbox, TurnOutcome } from '../../sandbox/sandbox.ts'
import type { MemoryStore } from '../../store/memory-store.test-support.ts'
import type { DetachedExecution } from '../detached/detached-execution.ts'
import type { DetachedExecutions } from '../detached/detached-executions.ts'
import { principal, startScriptedNode, submissionOf } from '../detached/scripted-nodes.test-support.ts'
import { callsOf, effectsOf } from '../state/journal.test-support.ts'
import { AllSessions } from './all-sessions.ts'
import { AttachedSessions } from './attached-sessions.ts'
import type { SessionHandle } from './session-handle.ts'
import { WarmGuests } from './warm-guests.ts'

const minute = 60_000
const end = (ok: boolean, value: unknown) =>
  ok
    ? { ok: true as const, result: JSON.stringify(value) }
    : { ok: false as const, code: 'SYNTAX_ERROR' as const, name: 'SyntaxError', message: String(value) }
const turnOf = (
  effects: Parameters<typeof effectsOf>[0],
  variables?: { name: string; kind: 'let' }[],
  cpuMs = 1,
): TurnOutcome => ({
  type: 'turn',
  cpuMs,
  effects: effectsOf(effects),
  ...(variables && { variables }),
})

/** Sandbox of one node, the numbers of guests of sessions that it has made and closed, and the eviction of all its guests. */
export function sessionSandbox() {
  const counts = { placed: 0, closed: 0 }
  let evictions = 0
  const sandbox = {
    versions: { v8: '0', icu: '0', arch: 'x', guestRuntime: '0' },
    placeGuest(spec: GuestSpec) {
      const isCheck = 'kind' in spec && spec.kind === 'check'
      if (isCheck) return { turn: async () => checked(spec.code), close() {} }
      counts.placed += 1
      const placedAfter = evictions
      const state: string[] = []
      let code = ''
      let isInStep = false
      const ended = (): TurnOutcome => {
        state.push(code)
        isInStep = false
        return turnOf(
          { end: end(true, state) },
          state.map((name) => ({ name, kind: 'let' })),
          code === 'compute' ? minute / 2 : 1,
        )
      }
      const turn = async (delivery: GuestDelivery): Promise<TurnOutcome> => {
        if (placedAfter < evictions) return { type: 'lost' }
        if (delivery.kind === 'end-step') {
          isInStep = false
          return turnOf({})
        }
        if (delivery.kind !== 'step') return ended()
        if (isInStep) state.push('a step began within another one')
        isInStep = true
        code = delivery.step.code
        if (code === 'syntax error') return checked(code)
        if (code === 'stop') return stopped
        if (code.startsWith('call')) return turnOf({ calls: callsOf(1) })
        return ended()
      }
      return { turn, close: () => void (counts.closed += 1) }
    },
  }
  return { sandbox: sandbox as Partial<Sandbox> as Sandbox, counts, evictAll: () => void (evictions += 1) }
}

const checked = (code: string): TurnOutcome => turnOf({ end: end(code !== 'syntax error', 'Unexpected token') })
const stopped: TurnOutcome = {
  type: 'stopped',
  reason: 'timeout',
  waitedForClock: false,
  cpuMs: minute,
  logs: [],
  logsDropped: { entries: 0, bytes: 0 },
}

/** Node with its durable sessions. */
export interface SessionNode extends AsyncDisposable {
  readonly detached: DetachedExecutions
  readonly sessions: AllSessions
  readonly counts: { readonly placed: number; readonly closed: number }
  /** Evicts the guests of this node, as its sandbox does when memory is full. */
  evictAll(): void
}

interface NodeOptions {
  readonly call?: () => Promise<ToolAnswer>
  readonly evictAfterMs?: number
}

/** Starts a node. */
export function startSessionNode(
  store: MemoryStore,
  name: string,
  { call, evictAfterMs = minute }: NodeOptions = {},
): SessionNode {
  const { sandbox, counts, evictAll } = sessionSandbox()
  const guests = new WarmGuests(evictAfterMs)
  const attached = new AttachedSessions({ now: () => Date.now() })
  const detached = startScriptedNode(store, name, { sandbox, guests, ...(call && { call }) })
  return {
    detached,
    counts,
    evictAll,
    sessions: new AllSessions(attached, { store, sessions: store.sessions, guests }),
    async [Symbol.asyncDispose]() {
      attached.close()
      await detached.close()
      guests.close()
    },
  }
}

/** Creates a durable session on a node. */
export async function createSession({ sessions }: SessionNode): Promise<SessionHandle> {
  const { session } = await sessions.create({ durable: true }, principal)
  return session
}

/** Adds a step to a session. */
export function addStep(
  { detached }: SessionNode,
  { facts }: SessionHandle,
  code: string,
  more: Partial<ExecutionRequest> = {},
): Promise<DetachedExecution> {
  const { detached: _, ...request } = submissionOf(code, { id: newExecutionId(), ...more }).request
  return detached.submit({ ...submissionOf(code), request }, facts)
}

/** Resolves with the numbers of the steps, with their status and whether their state was kept. */
export async function stepsOf({ sessions }: SessionNode, { facts }: SessionHandle): Promise<unknown[]> {
  const session = await sessions.find(facts.tenant, facts.id)
  const { stepList } = await session.record()
  return stepList.map(({ number, status, stateKept }) => [number, status, stateKept])
}
