import { newExecutionId, newSessionId } from '@codemode/shared'

import type { ExecutionFacts, Lease, NewExecution, ParkOptions, Worker } from '../../execution-store.ts'
import type { SessionBounds, SessionFacts, StepAdded, StepEnd } from '../../session-store.ts'
import { answer, newExecution } from '../postgres-store.test-support.ts'
import type { PostgresStore } from '../postgres-store.ts'

export const bounds: SessionBounds = { steps: 1_000, journalBytes: 64 * 1024 * 1024, replayCpuMs: 60_000 }

/** Returns facts about a session. */
export function sessionFacts(facts: Partial<SessionFacts> = {}): SessionFacts {
  return {
    id: newSessionId(),
    tenant: 'acme',
    owner: 'ann',
    label: undefined,
    context: {},
    config: {},
    memoryLimitMb: undefined,
    idleTimeoutMs: 86_400_000,
    isolation: 'tenant',
    reuseIsolates: true,
    ...facts,
  }
}

/** Creates a session, and returns its id. */
export async function newSession(store: PostgresStore, facts: Partial<SessionFacts> = {}): Promise<string> {
  const { id } = sessionFacts(facts)
  await store.sessions.create(sessionFacts({ ...facts, id }))
  return id
}

/** Returns a step with the given code. */
export function newStep(code: string, facts: Partial<ExecutionFacts> = {}): NewExecution {
  const execution = newExecution(facts)
  return { ...execution, header: { ...execution.header, code } }
}

/** Adds a step that must be accepted, and returns the id of its execution. */
export async function addStep(store: PostgresStore, session: string, code = '1'): Promise<string> {
  const id = newExecutionId()
  const added = await store.sessions.addStep(session, newStep(code, { id }), bounds)
  if (added.type !== 'created')
    throw new Error(`the step was not accepted: ${JSON.stringify(added satisfies StepAdded)}`)
  return id
}

/** State after a step, which has one variable. */
export const stepEnd: StepEnd = {
  stateKept: true,
  journalBytes: 100,
  cpuMs: 2,
  variables: [{ name: 'a', kind: 'let' }],
}

/** Claimed step that a test holds. */
export interface HeldStep {
  readonly lease: Lease
  /** Ends the step with one entry. */
  end(end?: Partial<StepEnd>): Promise<void>
  park(options?: ParkOptions): Promise<boolean>
}

/** Worker whose leases a test takes, one by one. */
export class HoldingWorker implements Worker {
  readonly node: string
  readonly #held = new Map<string, HeldStep[]>()
  readonly #waiting = new Map<string, (held: HeldStep) => void>()

  constructor(node = 'a') {
    this.node = node
  }

  /** Ids of the executions that are held and were not taken. */
  get untaken(): string[] {
    return [...this.#held].filter(([, held]) => held.length > 0).map(([id]) => id)
  }

  places(): number {
    return 100
  }

  async run(lease: Lease): Promise<void> {
    const { id } = lease.execution.facts
    const { promise, resolve } = Promise.withResolvers<void>()
    const held: HeldStep = {
      lease,
      end: (end) => endStep(lease, end).finally(resolve),
      park: (options = {}) => lease.park([], options).finally(resolve),
    }
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) this.#held.set(id, [...(this.#held.get(id) ?? []), held])
    else {
      this.#waiting.delete(id)
      waiting(held)
    }
    return promise
  }

  /** Returns the next claim of an execution. */
  take(id: string): Promise<HeldStep> {
    const held = this.#held.get(id)?.shift()
    if (held !== undefined) return Promise.resolve(held)
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }
}

/** Ends a step, or another execution, with one entry, whose text is the code. */
export function endStep(lease: Lease, end: Partial<StepEnd> = {}): Promise<void> {
  const entry = answer(1, lease.header.code)
  const variables = end.stateKept === false ? undefined : stepEnd.variables
  const step = lease.step && { ...stepEnd, variables, ...end }
  return lease.finish([entry], { status: 'completed', finishedAt: Date.now() }, step)
}
