import {
  newExecutionId,
  RequestError,
  type JournalHeader,
  type Notification,
  type NotificationList,
} from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import type {
  ExecutionFacts,
  ExecutionPage,
  ExecutionStore,
  Lease,
  ListOptions,
  NotificationListOptions,
  Working,
} from '../../store/execution-store.ts'
import { notFound, type RetrySubmission, type Submission } from '../engine.ts'
import { otherRequest, resultGone } from '../idempotency.ts'
import { journalHeaderOf, newSeed, runtimeOf } from '../journal-header.ts'
import { resolveDetachedLimits } from '../limits.ts'
import type { Principal } from '../principal.ts'
import { DetachedExecution } from './detached-execution.ts'
import { ReaderLimit } from './reader-limit.ts'
import { LeaseRun, type LeaseRunParts } from './lease-run.ts'

interface DetachedExecutionsOptions extends LeaseRunParts {
  readonly store: ExecutionStore
  /** Name of this node. */
  readonly node: string
  /** Maximum number of detached executions that run on this node at once. */
  readonly maxRunning: number
}

/** Detached executions on one node: it accepts them into the store, and runs those that the store gives it. */
export class DetachedExecutions {
  readonly #options: DetachedExecutionsOptions
  readonly #working: Working
  readonly #runs = new Set<LeaseRun>()
  #isClosing = false
  readonly #readers = new ReaderLimit()

  constructor(options: DetachedExecutionsOptions) {
    this.#options = options
    const { store, node, maxRunning } = options
    this.#working = store.work({
      node,
      places: () => maxRunning - this.#runs.size,
      run: (lease) => this.#run(lease),
    })
  }

  /**
   * Stores an execution, or attaches to the one with the same id and body. Rejects with `RequestError`
   * IDEMPOTENCY_CONFLICT, RESULT_GONE or RATE_LIMITED, and for a value of the request that is not allowed.
   */
  async submit(submission: Submission): Promise<DetachedExecution> {
    const { request, principal, bodyHash } = submission
    const id = request.id ?? newExecutionId()
    const { limits, expiresAfterMs } = resolveDetachedLimits(request, principal)
    const header = journalHeaderOf(submission, id, limits, this.#options.sandbox.versions)
    const facts = {
      ...factsOfSender(submission),
      id,
      bodyHash,
      expiresAfterMs,
      ...(request.label !== undefined && { label: request.label }),
      ...(request.callback !== undefined && { callback: request.callback }),
      ...(request.notify !== undefined && { notify: request.notify }),
    }
    return this.#create(facts, header, principal)
  }

  /** Stores a new execution of the code and the values of another one. Rejects with `RequestError`. */
  async retry(id: string, { request, principal, correlationId }: RetrySubmission): Promise<DetachedExecution> {
    const original = await this.find(principal.tenant, id)
    const { owner, bodyHash, expiresAfterMs, label } = original.facts
    const { header } = await original.journal()
    if (header.tools.length > 0 && request.callback === undefined) throw callbackMissing()
    const newId = request.id ?? newExecutionId()
    if (newId === id) throw otherRequest(id)
    const newHeader = {
      ...header,
      executionId: newId,
      correlationId,
      createdAt: new Date().toISOString(),
      seed: newSeed(),
      runtime: runtimeOf(this.#options.sandbox.versions),
    }
    const facts = {
      ...factsOfSender({ principal, correlationId }),
      // An operator who retries an execution does not take it from its owner.
      owner,
      id: newId,
      bodyHash,
      expiresAfterMs,
      ...(label !== undefined && { label }),
      ...(request.callback !== undefined && { callback: request.callback }),
      ...(request.notify !== undefined && { notify: request.notify }),
    }
    return this.#create(facts, newHeader, principal)
  }

  /** Claims an execution that needs attention again. Rejects with `RequestError`. */
  async wake(tenant: string, id: string): Promise<DetachedExecution> {
    const execution = await this.find(tenant, id)
    await this.#options.store.post(tenant, id, { kind: 'wake' })
    return execution
  }

  /** Returns the tenant's execution with this id. Rejects with `RequestError` NOT_FOUND. */
  async find(tenant: string, id: string): Promise<DetachedExecution> {
    const { store } = this.#options
    const stored = await store.find(tenant, id)
    if (stored === undefined) throw notFound(id)
    return new DetachedExecution(store, stored, this.#readers)
  }

  list(tenant: string, options: ListOptions): Promise<ExecutionPage> {
    return this.#options.store.list(tenant, options)
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

  async #create(facts: ExecutionFacts, header: JournalHeader, { maxQueued }: Principal): Promise<DetachedExecution> {
    const { store } = this.#options
    const created = await store.create({ facts, header, maxQueued })
    if (created.type === 'too-many-queued') throw tooManyQueued(maxQueued)
    if (created.type === 'exists' && created.bodyHash !== facts.bodyHash) throw otherRequest(facts.id)
    if (created.type === 'exists' && created.isGone) throw resultGone(facts.id)
    this.#working.wake()
    return this.find(facts.tenant, facts.id)
  }

  async #run(lease: Lease): Promise<void> {
    const run = new LeaseRun(lease, this.#options)
    this.#runs.add(run)
    if (this.#isClosing) run.suspend()
    try {
      await run.run(this.#options.node)
    } finally {
      this.#runs.delete(run)
      this.#working.wake()
    }
  }
}

function factsOfSender({ principal, correlationId }: Pick<Submission, 'principal' | 'correlationId'>) {
  const { tenant, owner, keyId, isolation } = principal
  return { tenant, owner, keyId, isolation, correlationId }
}

function callbackMissing(): RequestError {
  return new RequestError('INVALID_REQUEST', 'The execution has tools, so a retry needs a callback to call them.', {
    details: { path: 'callback' },
    suggestion: 'Send callback: {url, token}.',
  })
}

function tooManyQueued(limit: number): RequestError {
  return new RequestError(
    'RATE_LIMITED',
    `The tenant has ${limit} detached executions that have not started, which is the limit of the API key`,
    {
      details: { limit },
      retryAfterSeconds: 5,
      suggestion: 'Wait until some have started, or raise maxQueued of the API key.',
    },
  )
}
