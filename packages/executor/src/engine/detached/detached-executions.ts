import { hash } from 'node:crypto'

import {
  executionIdSchema,
  newExecutionId,
  RequestError,
  type Callback,
  type Journal,
  type Notification,
  type NotificationList,
  type RetryRequest,
} from '@codemode/shared'
import { textHead, type TraceContext } from '@codemode/shared/internal'
import { context, ROOT_CONTEXT } from '@opentelemetry/api'

import type { Created, Lease, NewExecution, Promotion, Working } from '../../store/execution-store.ts'
import type { SessionFacts } from '../../store/session-store.ts'
import type { ApprovalListOptions, ApprovalPage } from '../../store/stored-approval.ts'
import type { NotificationListOptions } from '../../store/stored-notification.ts'
import { setError, traceContextOf, traceExecution } from '../../tracing/spans.ts'
import { decideApproval, type DecisionSubmission } from '../approvals.ts'
import type { PromotedJournal } from '../attached/attached-execution.ts'
import { notFound, type RetrySubmission, type Submission } from '../engine.ts'
import { otherRequest, resultGone } from '../idempotency.ts'
import { editedHeader, isEdited, journalHeaderOf, newSeed, runtimeOf } from '../journal-header.ts'
import { defaultExpiresAfterMs, resolveDetachedLimits } from '../limits.ts'
import { placementOf } from '../placement.ts'
import { syntaxErrorOf } from '../session/check-source.ts'
import { sessionBounds, sessionFull } from '../session/session-bounds.ts'
import { sessionExpired, sessionNotFound } from '../session/session-refusals.ts'
import { stepOf } from '../session/step-request.ts'
import type { ExecutionState } from '../state/execution-state.ts'
import { DetachedExecution } from './detached-execution.ts'
import { ReaderLimit } from './reader-limit.ts'
import { servedInPlaceOfCallback } from './serving-lease.ts'
import { StoredJournals } from './stored-journals.ts'
import { LeaseRun, type LeaseRunParts } from './lease-run.ts'
import { callbackMissing, executionEnded, refuseAmbiguously, stepNotRetryable, tooManyQueued } from './refusals.ts'

/** Milliseconds after which a promotion is sent again that the store did not confirm. */
const promotionRetryMs = 500

interface DetachedExecutionsOptions extends LeaseRunParts {
  /** Name of this node. */
  readonly node: string
  /** Maximum number of detached executions that run on this node at once. */
  readonly maxRunning: number
}

/** Execution that is run again, as a new detached execution. */
interface RetriedExecution {
  readonly id: string
  readonly owner: string
  readonly label: string | undefined
  /** Undefined for an attached execution. */
  readonly expiresAfterMs: number | undefined
  journal(): Journal | Promise<Journal>
}

/** Detached executions on one node: it accepts them into the store, and runs those that the store gives it. */
export class DetachedExecutions {
  readonly #options: DetachedExecutionsOptions
  readonly #working: Working
  readonly #runs = new Set<LeaseRun>()
  #isClosing = false
  readonly #parts

  constructor(options: DetachedExecutionsOptions) {
    this.#options = options
    const { store, node, maxRunning } = options
    this.#parts = { store, journals: new StoredJournals(store), readers: new ReaderLimit() }
    this.#working = store.work({
      node,
      places: () => maxRunning - this.#runs.size,
      run: (lease) => this.#run(lease),
    })
  }

  /** States of the executions whose leases this node has. */
  states(): ExecutionState[] {
    return [...this.#runs].map(({ state }) => state)
  }

  /**
   * Stores an execution, or the next step of a durable session, or attaches to the one with the same id and body. Rejects
   * with `RequestError` IDEMPOTENCY_CONFLICT, RESULT_GONE or RATE_LIMITED, and for a value of the request that is not allowed.
   */
  async submit(given: Submission, session?: SessionFacts): Promise<DetachedExecution> {
    const { store } = this.#options
    const submission = session === undefined ? given : stepOf(session, given)
    const { request, principal, bodyHash } = submission
    const id = request.id ?? newExecutionId()
    const { limits, expiresAfterMs } = resolveDetachedLimits(request, principal)
    const header = journalHeaderOf(submission, id, limits, this.#options.sandbox.versions)
    const facts = {
      ...factsOfSender(submission),
      ...(session !== undefined && { isolation: session.isolation, reuseIsolates: session.reuseIsolates }),
      id,
      bodyHash,
      expiresAfterMs,
      ...(request.label !== undefined && { label: request.label }),
      ...(request.callback !== undefined && { callback: request.callback }),
      ...(request.notify !== undefined && { notify: request.notify }),
    }
    return this.#accept({ facts, header, maxQueued: principal.maxQueued }, (execution) =>
      session === undefined ? store.create(execution) : this.#addStep(session, execution),
    )
  }

  /**
   * Stores an attached execution that waits for approvals, without its callback: later calls wait for a client that resumes
   * it. Resolves with undefined if it was not stored, for example because the store is not available; it stays attached then.
   */
  async promote(
    submission: Submission,
    { journal, ...promoted }: PromotedJournal,
  ): Promise<DetachedExecution | undefined> {
    const { request, bodyHash } = submission
    const { header, entries } = journal
    const facts = {
      ...factsOfSender(submission),
      id: header.executionId,
      bodyHash,
      expiresAfterMs: defaultExpiresAfterMs,
      ...(request.label !== undefined && { label: request.label }),
      ...(request.notify !== undefined && { notify: request.notify }),
    }
    const isStored = await this.#storePromoted({ execution: { facts, header }, entries, ...promoted })
    return isStored ? new DetachedExecution({ facts, isAttached: false, status: 'paused' }, this.#parts) : undefined
  }

  /** Stores a promotion. If the store did not confirm it, asks again until it answers: it may run on another node by now. */
  async #storePromoted(promotion: Promotion): Promise<boolean> {
    let isAmbiguous = false
    for (;;) {
      try {
        return await this.#options.store.promote(promotion)
      } catch (error) {
        isAmbiguous ||= error instanceof RequestError && error.ambiguous
        if (!isAmbiguous || this.#isClosing) return false
      }
      await new Promise((resolve) => setTimeout(resolve, promotionRetryMs))
    }
  }

  /** Decides about an approval, and returns it as JSON text. Rejects with `RequestError`. */
  decide(submission: DecisionSubmission): Promise<string> {
    return decideApproval(this.#options.store, submission)
  }

  listApprovals(tenant: string, options: ApprovalListOptions): Promise<ApprovalPage> {
    return this.#options.store.listApprovals(tenant, options)
  }

  /** Replaces the callback of an execution. Rejects with `RequestError` if it has ended, or while a client serves its calls. */
  async setCallback(tenant: string, id: string, callback: Callback): Promise<void> {
    const outcome = await this.#options.store.setCallback(tenant, id, callback)
    if (outcome === 'replaced') return
    if (outcome === 'served') throw servedInPlaceOfCallback(id)
    const { status } = await this.find(tenant, id)
    throw new RequestError('INVALID_REQUEST', `The execution ${id} is ${status}, so it needs no callback`, {
      executionId: id,
    })
  }

  /** Stores a new execution of the code and the values of another one, or of those in the request. Rejects with `RequestError`. */
  async retry(
    original: RetriedExecution,
    { request, principal, correlationId }: RetrySubmission,
  ): Promise<DetachedExecution> {
    const { id, owner, label, expiresAfterMs = defaultExpiresAfterMs } = original
    const journal = await original.journal()
    // The client of an attached execution may have decided about its approvals itself; nobody does so for a retry.
    const { approvals: _, trace: retryOf, ...header } = journal.header
    if (header.session !== undefined) throw stepNotRetryable(id, header.session.id)
    const usedCallback = original.expiresAfterMs !== undefined && hasUsedCallback(journal)
    if (usedCallback && request.callback === undefined) throw callbackMissing()
    const newId = request.id ?? newExecutionId()
    const newHeader = {
      ...editedHeader(header, request),
      executionId: newId,
      correlationId,
      createdAt: new Date().toISOString(),
      seed: newSeed(),
      runtime: runtimeOf(this.#options.sandbox.versions),
    }
    const facts = {
      ...factsOfSender({ principal, correlationId }),
      // An operator who retries an execution does not take it from its owner, but answers for code of their own.
      ...(!isEdited(request) && { owner }),
      id: newId,
      bodyHash: retryHash(id, request),
      expiresAfterMs,
      ...(label !== undefined && { label }),
      ...(request.callback !== undefined && { callback: request.callback }),
      ...(request.notify !== undefined && { notify: request.notify }),
    }
    const execution = { facts, header: newHeader, maxQueued: principal.maxQueued }
    return this.#accept(execution, (traced) => this.#options.store.create(traced), retryOf)
  }

  /** Claims an execution that needs attention again. Rejects with `RequestError`, EXECUTION_ENDED if it has ended. */
  async wake(tenant: string, id: string): Promise<DetachedExecution> {
    const execution = await this.find(tenant, id)
    if (!(await this.#options.store.post(tenant, id, { kind: 'wake' }))) throw executionEnded(id)
    return execution
  }

  /** Returns the tenant's execution with this id. Rejects with `RequestError` NOT_FOUND. */
  async find(tenant: string, id: string): Promise<DetachedExecution> {
    // Text that is no id is not looked up: a database may not take it.
    const stored = executionIdSchema.safeParse(id).success ? await this.#options.store.find(tenant, id) : undefined
    if (stored === undefined) throw notFound(id)
    return new DetachedExecution(stored, this.#parts)
  }

  listNotifications(tenant: string, options: NotificationListOptions): Promise<NotificationList> {
    return this.#options.store.listNotifications(tenant, options)
  }

  /** Sends a notification again. Rejects with `RequestError` NOT_FOUND. */
  async resendNotification(tenant: string, id: string): Promise<Notification> {
    const notification = await this.#options.store.resendNotification(tenant, id)
    if (notification !== undefined) return notification
    throw new RequestError('NOT_FOUND', `There is no notification ${textHead(id, 128)} that was not delivered.`)
  }

  /** Gives the executions of this node to other nodes, and takes no more. */
  async close(): Promise<void> {
    this.#isClosing = true
    const stopped = this.#working.stop()
    for (const run of this.#runs) run.suspend()
    await stopped
  }

  /** Adds a step to a session. One that has to wait is checked now, because a syntax error needs no other step's end. */
  async #addStep(session: SessionFacts, step: NewExecution): Promise<Created> {
    const { store } = this.#options
    const added = await store.sessions.addStep(session.id, step, sessionBounds)
    switch (added.type) {
      case 'other-runtime':
        // A guest has one runtime, which is that of the first step since the last reset.
        return this.#addStep(session, { ...step, header: { ...step.header, runtime: added.runtime } })
      case 'no-session':
        throw sessionNotFound(session.id)
      case 'session-ended':
        throw sessionExpired(session.id)
      case 'full':
        throw sessionFull(session.id, added.bound)
      case 'created':
        if (added.waits) void this.#checkStep(step)
    }
    return added
  }

  /** Ends a step that waits for others if its code has a syntax error. Without an answer of the store, it ends in its turn. */
  async #checkStep({ facts, header }: NewExecution): Promise<void> {
    const { sandbox, store } = this.#options
    const { tenant, id } = facts
    const placement = { ...placementOf(facts), runtime: header.runtime.guestRuntime }
    const error = await syntaxErrorOf(sandbox, placement, header)
    if (error !== undefined) await store.post(tenant, id, { kind: 'fail', error }).catch(() => false)
  }

  /** Stores an execution in its span, which ends before the execution runs: any node may run it, and each claim has its own. */
  async #accept(
    execution: NewExecution,
    create: (traced: NewExecution) => Promise<Created>,
    retryOf?: TraceContext,
  ): Promise<DetachedExecution> {
    const { facts, header } = execution
    const { span, calls } = traceExecution({ ...header, label: facts.label }, { retryOf })
    const trace = traceContextOf(calls)
    try {
      const created = await create(trace === undefined ? execution : { ...execution, header: { ...header, trace } })
      return await this.#accepted(execution, created)
    } catch (error) {
      setError(span, error instanceof RequestError ? error.code : undefined)
      throw error
    } finally {
      span.end()
    }
  }

  async #accepted({ facts, maxQueued }: NewExecution, created: Created): Promise<DetachedExecution> {
    if (created.type === 'too-many-queued') throw tooManyQueued(maxQueued)
    if (created.type === 'exists' && created.bodyHash !== facts.bodyHash) throw otherRequest(facts.id)
    if (created.type === 'exists' && created.isGone) throw resultGone(facts.id)
    if (created.type === 'exists') return this.find(facts.tenant, facts.id).catch(refuseAmbiguously)
    return new DetachedExecution({ facts, isAttached: false, status: 'queued' }, this.#parts)
  }

  async #run(lease: Lease): Promise<void> {
    // The store may report an execution in the context of another one's request.
    const run = context.with(ROOT_CONTEXT, () => new LeaseRun(lease, this.#options))
    this.#runs.add(run)
    if (this.#isClosing) run.suspend()
    try {
      await context.with(ROOT_CONTEXT, () => run.run(this.#options.node))
    } finally {
      this.#runs.delete(run)
      this.#working.wake()
    }
  }
}

function factsOfSender({ principal, correlationId }: Pick<Submission, 'principal' | 'correlationId'>) {
  const { tenant, owner, keyId, isolation, reuseIsolates } = principal
  return { tenant, owner, keyId, isolation, reuseIsolates, correlationId }
}

/** Returns whether the last node that ran a detached execution sent its calls to a callback. */
function hasUsedCallback({ header, entries }: Journal): boolean {
  const claim = entries.findLast((entry) => entry.type === 'claim')
  return header.tools.length > 0 && claim !== undefined && claim.servedBy === undefined
}

/**
 * Returns what identifies a retry in place of the hash of a body: a repeat of it attaches to the new execution, and a retry
 * of another execution, or with other code or input, with its id is a conflict.
 */
function retryHash(originalId: string, request: RetryRequest): string {
  const { code, input } = request
  const edits = isEdited(request) ? ` with ${JSON.stringify([{ code, input }])}` : ''
  return hash('sha256', `retry of ${originalId}${edits}`, 'hex')
}
