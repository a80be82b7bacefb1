import { newExecutionId, RequestError, type JournalHeader } from '@codemode/shared'

import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { SessionFacts } from '../../store/session-store.ts'
import { createStreamTransport } from '../../tools/stream-transport.ts'
import type { CreateCallbackTransport } from '../../tools/transport.ts'
import { createClock } from '../clock.ts'
import type { EngineObserver } from '../engine-observer.ts'
import { shuttingDown, type DetachedHandle, type Submission } from '../engine.ts'
import { otherRequest, resultGone } from '../idempotency.ts'
import type { Instance } from '../instance.ts'
import { traceContextOf, traceExecution } from '../../tracing/spans.ts'
import { journalHeaderOf } from '../journal-header.ts'
import { resolveLimits, type ExecutionLimits } from '../limits.ts'
import { placementOf } from '../placement.ts'
import type { Principal } from '../principal.ts'
import type { WallTimeout } from '../runner/failures.ts'
import type { Pacer } from '../runner/pacer.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { JournalLog } from '../state/journal-log.ts'
import type { AttachedSession } from '../session/attached-session.ts'
import type { AttachedSessions } from '../session/attached-sessions.ts'
import { syntaxErrorOf } from '../session/check-source.ts'
import { stepOf } from '../session/step-request.ts'
import { Admission, type Permit } from './admission.ts'
import { refuseUnlessFirst } from './at-most-once.ts'
import { AttachedExecution, type PromotedJournal } from './attached-execution.ts'
import type { AttachedRecorder } from './attached-recorder.ts'
import { RetentionStore } from './retention-store.ts'

/** Options of the attached executions. */
export interface AttachedExecutionsOptions {
  readonly sandbox: Sandbox
  readonly callbackTransport: CreateCallbackTransport
  readonly maxRunning: number
  readonly maxQueued: number
  readonly disconnectGraceMs: number
  readonly observer: EngineObserver
  /** Recorder of executions that have ended; absent if they are not recorded. */
  readonly recorder?: Pick<AttachedRecorder, 'add'> | undefined
  /** Makes an attached execution a detached one; absent without a store. */
  readonly promote?: (
    submission: Submission,
    promoted: PromotedJournal,
  ) => Promise<Pick<DetachedHandle, 'cancel'> | undefined>
  /** Bounds of the ended executions that stay readable: age, count, and bytes of memory. */
  readonly retain: { readonly ms: number; readonly count: number; readonly bytes: number }
}

/** Parts of the engine that attached executions share with others. */
interface AttachedExecutionsParts {
  readonly instance: Instance
  readonly pacer: Pacer
  readonly sessions: AttachedSessions
}

/**
 * Attached executions of one node, in its memory: those that wait for admission or run, the results of those that have
 * ended, and for longer the ids, so that a late repeat does not run the code again.
 */
export class AttachedExecutions {
  readonly #options: AttachedExecutionsOptions
  readonly #instance: Instance
  readonly #pacer: Pacer
  readonly #admission: Admission
  readonly #sessions: AttachedSessions
  readonly #active = new Map<string, AttachedExecution>()
  readonly #ended: RetentionStore<AttachedExecution>
  readonly #endedIds: RetentionStore<true>
  #isClosing = false

  constructor(options: AttachedExecutionsOptions, { instance, pacer, sessions }: AttachedExecutionsParts) {
    this.#sessions = sessions
    const { sandbox, retain } = options
    this.#options = options
    this.#instance = instance
    this.#pacer = pacer
    this.#ended = new RetentionStore({ ...retain, bytesOf: ({ heapBytes }) => heapBytes })
    this.#endedIds = new RetentionStore({
      ms: retain.ms,
      count: retain.count * 10,
      bytes: Infinity,
      bytesOf: () => 1,
      now: () => instance.now(),
    })
    this.#admission = new Admission({
      maxRunning: options.maxRunning,
      maxQueued: options.maxQueued,
      roomFor: (placement) => sandbox.roomFor(placement),
      throttledMs: (tenant) => sandbox.throttledMs(tenant),
    })
    sandbox.onRoom(() => this.#admission.advance())
  }

  /** Attaches to the execution with the request's id or queues a new one. Throws `RequestError`. */
  submit(submission: Submission): AttachedExecution {
    const id = submission.request.id ?? newExecutionId()
    const { tenant } = submission.principal
    const existing = this.find(tenant, id)
    if (existing?.bodyHash === submission.bodyHash) return existing
    if (existing) throw otherRequest(id)
    if (this.#endedIds.get(tenant, id)) throw resultGone(id)
    const known = { executionId: id, known: submission.known, forgottenAt: this.#endedIds.forgottenAt }
    refuseUnlessFirst(known, this.#instance)
    if (this.#isClosing) throw shuttingDown()
    if (this.#options.promote === undefined || submission.session !== undefined) refuseApprovals(submission)
    const execution = this.#start(submission, id)
    const key = keyOf(tenant, id)
    this.#active.set(key, execution)
    execution.admitted.catch(() => {
      if (this.#active.get(key) === execution) this.#active.delete(key)
    })
    return execution
  }

  /** State of the admission queue, and number of admitted executions. */
  get admission(): Pick<Admission, 'running' | 'queued' | 'oldestQueuedMs'> {
    return this.#admission
  }

  /** States of the executions that have not ended. */
  states(): Iterable<ExecutionState> {
    return this.#active.values().map(({ state }) => state)
  }

  /** Returns the tenant's executions that have not ended, or whose results are kept, in any order. */
  list(tenant: string): AttachedExecution[] {
    const prefix = keyOf(tenant, '')
    const active = [...this.#active].filter(([key]) => key.startsWith(prefix)).map(([, execution]) => execution)
    // The store has those that have become detached ones.
    return [...active, ...this.#ended.values(tenant)].filter(({ isPromoted }) => !isPromoted)
  }

  /** Returns the tenant's execution with this id; undefined if there is none. */
  find(tenant: string, id: string): AttachedExecution | undefined {
    return this.#active.get(keyOf(tenant, id)) ?? this.#ended.get(tenant, id)
  }

  /** Refuses new executions, waits up to `drainMs` for the others, and cancels those that remain. */
  async close({ drainMs }: { drainMs: number }): Promise<void> {
    this.#isClosing = true
    this.#admission.refuseAll(shuttingDown)
    const drained = Promise.all([...this.#active.values()].map(({ settled }) => settled))
    const timer = setTimeout(() => {
      for (const execution of this.#active.values()) execution.stop('the executor is shutting down')
    }, drainMs)
    await drained
    clearTimeout(timer)
  }

  #start(submission: Submission, id: string): AttachedExecution {
    const { sandbox, observer, callbackTransport, disconnectGraceMs, promote } = this.#options
    const { request, principal, correlationId, remainingMs, bodyHash } = submission
    const { callback, label } = request
    const { tenant } = principal
    const session = this.#sessionOf(submission)
    const own = session === undefined ? submission : stepOf(session.facts, submission)
    const limits = resolveLimits(own.request.limits, principal)
    // Created before the permit is requested, so that an invalid header takes no place in the queue.
    const header = journalHeaderOf(own, id, limits, sandbox.versions)
    const step = session && { id: session.facts.id, step: session.nextNumber() }
    const stream = submission.transport === 'stream' ? createStreamTransport() : undefined
    // A step that has to wait for others is accepted, and requests its permit later.
    const isAccepted = session !== undefined && !session.isIdle
    const requestPermit = (): Permit =>
      this.#admission.requestPermit(principal, {
        priority: request.priority ?? 0,
        isAccepted,
        ...queueTimeoutOf(limits, remainingMs),
      })
    const permit = isAccepted ? session.laterPermit(requestPermit) : requestPermit()
    const trace = traceExecution({ executionId: id, correlationId, label })
    const stored = traceContextOf(trace.calls)
    const journal = new JournalLog({ ...header, ...(step && { session: step }), ...(stored && { trace: stored }) })
    const execution = new AttachedExecution({
      journal,
      trace,
      bodyHash,
      owner: principal.owner,
      placement: placementOf(session?.facts ?? principal),
      label,
      node: this.#instance.id,
      permit,
      isAccepted,
      sandbox,
      now: createClock(),
      pacer: this.#pacer,
      transport: stream ?? (callback ? callbackTransport({ callback, tenant }) : createStreamTransport()),
      answerStreamedCall: stream && ((callId, response) => stream.answer(callId, response)),
      realm: session?.realm,
      // A step belongs to its session, which stays on this node.
      promote: session === undefined ? promote && ((promoted) => promote(submission, promoted)) : undefined,
      wallTimeoutOf: (queuedMs) => wallTimeoutOf(limits, queuedMs, remainingMs),
      disconnectGraceMs,
      observer,
      observed: {
        executionId: id,
        correlationId,
        tenant,
        keyId: principal.keyId,
        label,
        kind: step === undefined ? 'attached' : 'step',
        session: step,
        toolTransport: stream === undefined && callback !== undefined ? 'callback' : 'stream',
      },
      onFinished: (execution) => {
        this.#active.delete(keyOf(principal.tenant, id))
        this.#ended.add(principal.tenant, id, execution)
        this.#endedIds.add(principal.tenant, id, true)
        this.#record(execution, { bodyHash, principal, label })
      },
    })
    session?.add(execution)
    // It is checked now, because a syntax error needs no other step's end.
    if (isAccepted) this.#checkSource(execution, journal.header, session.facts)
    return execution
  }

  #checkSource(execution: AttachedExecution, header: JournalHeader, session: SessionFacts): void {
    void syntaxErrorOf(this.#options.sandbox, placementOf(session), header).then((error) => {
      if (error !== undefined) execution.fail(error)
    })
  }

  #sessionOf({ session, principal }: Submission): AttachedSession | undefined {
    if (session === undefined) return undefined
    this.#sessions.makeRoom(principal.tenant)
    return this.#sessions.find(principal.tenant, session)
  }

  #record(execution: AttachedExecution, { bodyHash, principal, label }: RecordedFacts): void {
    const { ended, id, correlationId, heapBytes } = execution
    const { tenant, owner, keyId, isolation, reuseIsolates } = principal
    const facts = {
      id,
      tenant,
      owner,
      keyId,
      correlationId,
      bodyHash,
      isolation,
      reuseIsolates,
      ...(label !== undefined && { label }),
    }
    if (ended === undefined) return
    const onRecorded = (): void => void (execution.recording = 'done')
    const isAdded = this.#options.recorder?.add({ facts, ...ended }, { heapBytes, onRecorded })
    execution.recording = isAdded === true ? 'possible' : 'never'
  }
}

/** Facts about an execution that it does not keep itself. */
interface RecordedFacts {
  readonly bodyHash: string
  readonly principal: Principal
  readonly label: string | undefined
}

/** Refuses tools that always wait for an approval, if neither the client nor the store can take one. */
function refuseApprovals({ request: { approvals, tools = [] } }: Submission): void {
  const tool = approvals === 'client' ? undefined : tools.find(({ requiresApproval }) => requiresApproval === 'always')
  if (tool === undefined) return
  throw new RequestError('STORE_DISABLED', `The tool ${tool.name} requires approval, and this executor has no store.`, {
    details: { tool: tool.name },
    suggestion: 'Decide in the client with onApproval, or remove CODEMODE_STORE=none from the executor.',
  })
}

function keyOf(tenant: string, id: string): string {
  return `${tenant}\0${id}`
}

/** Returns the shorter of the queue timeout and the remaining time of the client's request. */
function queueTimeoutOf(
  limits: ExecutionLimits,
  remainingMs = Infinity,
): { timeoutMs: number; timeoutLayer: 'queue' | 'request' } {
  return remainingMs < limits.queueTimeoutMs
    ? { timeoutMs: remainingMs, timeoutLayer: 'request' }
    : { timeoutMs: limits.queueTimeoutMs, timeoutLayer: 'queue' }
}

/** Returns the shorter of the execution timeout and the remaining time of the client's request. */
function wallTimeoutOf(limits: ExecutionLimits, queuedMs: number, remainingMs = Infinity): WallTimeout {
  const leftMs = Math.max(1, remainingMs - queuedMs)
  return leftMs < limits.executionTimeoutMs
    ? { layer: 'request', option: 'requestTimeoutMs', timeoutMs: leftMs }
    : { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: limits.executionTimeoutMs }
}
