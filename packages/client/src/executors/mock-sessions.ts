import {
  sessionIdle,
  type ForkRequest,
  type SessionList,
  type SessionRecord,
  type SessionRequest,
  type SessionStep,
} from '@codemode/shared'

import { unlessAborted } from '../async/unless-aborted.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import type { SessionListQuery, SessionsExecutor } from '../executor.ts'
import { statusOf, type ExecutionResult } from '../run/execution-result.ts'

interface MockSession {
  record: SessionRecord
  /** Resolves when the steps so far have ended. */
  tail: Promise<unknown>
}

/** Execution that is a step. */
interface MockStep {
  readonly executionId: string
  readonly code: string
  readonly onAccepted: (() => void) | undefined
  /** Signal that ends the step, also while it waits for the steps before. */
  readonly signal: AbortSignal
}

/** Sessions of a mock: their steps run in order and are listed, but there are no variables. */
export class MockSessions implements SessionsExecutor {
  readonly #sessions = new Map<string, MockSession>()
  readonly #endedIds = new Set<string>()

  async create(request: SessionRequest & { readonly id: string }): Promise<SessionRecord> {
    const existing = this.#sessions.get(request.id)
    if (existing !== undefined) return structuredClone(existing.record)
    const { id, durable = false, label, context = {}, idleTimeoutMs = sessionIdle.defaultMs } = request
    const now = Date.now()
    const record: SessionRecord = {
      sessionId: id,
      durable,
      owner: 'mock',
      ...(label !== undefined && { label }),
      createdAt: timestamp(now),
      lastUsedAt: timestamp(now),
      expiresAt: timestamp(now + idleTimeoutMs),
      steps: 0,
      pendingSteps: 0,
      sizeBytes: 0,
      context,
      variables: [],
      stepList: [],
    }
    this.#sessions.set(id, { record, tail: Promise.resolve() })
    return structuredClone(record)
  }

  async list({ label, limit = 50 }: SessionListQuery): Promise<SessionList> {
    const items = Array.from(this.#sessions.values(), ({ record }) => record).toReversed()
    return {
      items: items.filter((item) => label === undefined || item.label === label).slice(0, limit),
      nextCursor: null,
    }
  }

  async record(sessionId: string): Promise<SessionRecord> {
    return structuredClone(this.#find(sessionId).record)
  }

  async end(sessionId: string): Promise<void> {
    this.#find(sessionId)
    this.#sessions.delete(sessionId)
    this.#endedIds.add(sessionId)
  }

  async fork(
    sessionId: string,
    { id, atStep = Infinity, label }: ForkRequest & { readonly id: string },
  ): Promise<SessionRecord> {
    const { record } = this.#find(sessionId)
    const stepList = record.stepList.filter(({ number, stateKept }) => number <= atStep && stateKept !== undefined)
    const fork = {
      ...record,
      sessionId: id,
      label: label ?? record.label,
      steps: stepList.length,
      pendingSteps: 0,
      stepList,
    }
    this.#sessions.set(id, { record: structuredClone(fork), tail: Promise.resolve() })
    return structuredClone(fork)
  }

  async reset(sessionId: string): Promise<SessionRecord> {
    const session = this.#find(sessionId)
    await session.tail
    session.record = { ...session.record, steps: 0, stepList: [] }
    return structuredClone(session.record)
  }

  /**
   * Accepts a step, and runs it after the earlier steps of its session. Resolves with its result, which has the number of the step.
   * Rejects with the reason of the signal when that aborts.
   */
  async runStep(
    sessionId: string,
    { executionId, code, onAccepted, signal }: MockStep,
    run: () => Promise<ExecutionResult>,
  ): Promise<ExecutionResult> {
    const session = this.#find(sessionId)
    const number = (session.record.stepList.at(-1)?.number ?? 0) + 1
    const step: SessionStep = { number, executionId, status: 'queued', code }
    session.record.stepList.push(step)
    session.record.steps += 1
    session.record.pendingSteps += 1
    onAccepted?.()
    const running = session.tail.then(run)
    session.tail = running.catch(() => {})
    try {
      const result = await unlessAborted(running, signal)
      step.status = statusOf(result)
      return { ...result, session: { id: sessionId, step: number, stateKept: true } }
    } catch (error) {
      step.status = 'failed'
      throw error
    } finally {
      step.stateKept = true
      session.record.pendingSteps -= 1
    }
  }

  #find(sessionId: string): MockSession {
    const session = this.#sessions.get(sessionId)
    if (session !== undefined) return session
    const code = this.#endedIds.has(sessionId) ? 'SESSION_EXPIRED' : 'NOT_FOUND'
    throw new ExecutorClientError(code, `The MockExecutor has no session ${sessionId}`, {
      ...(code === 'SESSION_EXPIRED' && { suggestion: 'Create a new session.' }),
    })
  }
}

const timestamp = (ms: number): string => new Date(ms).toISOString()
