import { randomBytes } from 'node:crypto'

import { journalVersion, newExecutionId, RequestError, type Callback, type JournalHeader } from '@codemode/shared'

import type { Sandbox } from '../sandbox/sandbox.ts'
import { createStreamTransport } from '../tools/stream-transport.ts'
import type { ToolTransport } from '../tools/transport.ts'
import { Admission } from './admission.ts'
import type { EndedExecution } from './ended-execution.ts'
import type { Engine, Submission } from './engine.ts'
import { Execution } from './execution.ts'
import type { Clock } from './failures.ts'
import { JournalLog } from './journal-log.ts'
import { isNestedDeeperThan, maxValueNesting, nestingOf } from './nesting.ts'
import { Pacer } from './pacer.ts'
import { Retained } from './retained.ts'
import { resolveLimits, type ExecutionLimits } from './limits.ts'

interface EngineOptions {
  readonly sandbox: Sandbox
  readonly callbackTransport: (callback: Callback, tenant: string) => ToolTransport
  readonly maxRunning: number
  readonly maxQueued: number
  readonly disconnectGraceMs: number
  /** Told of an error that nothing but a bug explains, for the log. */
  onBug(bug: unknown, ids: { executionId: string; correlationId: string }): void
  /** How long, how many and how much of finished executions stays readable. */
  readonly retain: { readonly ms: number; readonly count: number; readonly bytes: number }
}

/** Makes the engine that runs executions in the given sandbox and keeps them in memory. */
export function createEngine(options: EngineOptions): Engine {
  const { sandbox } = options
  const pacer = new Pacer()
  /**
   * No `Map`: the table that V8 has replaced by another refers to that one, so that all that ever ran would stay in memory
   * until the old generation is collected.
   */
  const live = Object.create(null) as Record<string, Execution>
  const finished = new Retained<EndedExecution>({ ...options.retain, bytesOf: ({ heapBytes }) => heapBytes })
  const admission = new Admission({
    maxRunning: options.maxRunning,
    maxQueued: options.maxQueued,
    roomFor: (placement) => sandbox.roomFor(placement),
    penaltyMs: (tenant) => sandbox.penaltyMs(tenant),
  })
  sandbox.onRoom(() => admission.advance())
  /** The ids of ended executions outlast their results: a repeat that comes late must not run the code again. */
  const ended = new Retained<true>({
    ms: options.retain.ms,
    count: options.retain.count * 10,
    bytes: Infinity,
    bytesOf: () => 1,
  })
  const startedAt = performance.now()
  let closing = false

  function submit(submission: Submission): Execution | EndedExecution {
    const id = submission.request.id ?? newExecutionId()
    const { tenant } = submission.principal
    const key = keyOf(tenant, id)
    const existing = live[key] ?? finished.get(tenant, id)
    if (existing) return sameRequest(existing, submission)
    if (ended.get(tenant, id)) throw resultGone(id)
    const { firstSentAt = Infinity } = submission
    if (firstSentAt < startedAt || firstSentAt <= ended.forgottenAt) throw mayHaveRun(id)
    if (closing) throw shuttingDown()
    const limits = resolveLimits(submission.request.limits, submission.principal)
    const execution = start(submission, id, key, limits)
    live[key] = execution
    execution.admitted.catch(() => {
      if (live[key] === execution) delete live[key]
    })
    return execution
  }

  function start(submission: Submission, id: string, key: string, limits: ExecutionLimits): Execution {
    const { request, principal, remainingMs, bodyHash } = submission
    // Made before a place is taken: a header that can't be made holds none.
    const journal = new JournalLog(headerOf(submission, id, limits, sandbox.versions))
    const stream = submission.transport === 'stream' ? createStreamTransport() : undefined
    const ticket = admission.enter(principal, {
      priority: request.priority ?? 0,
      ...queueClock(limits, remainingMs),
    })
    return new Execution({
      journal,
      bodyHash,
      keyId: principal.keyId,
      placement: { tenant: principal.tenant, isolation: principal.isolation },
      label: request.label,
      ticket,
      sandbox,
      pacer,
      transport:
        stream ??
        (request.callback ? options.callbackTransport(request.callback, principal.tenant) : createStreamTransport()),
      answer: stream && ((callId, answer) => stream.answer(callId, answer)),
      clock: (queuedMs) => executionClock(limits, queuedMs, remainingMs),
      disconnectGraceMs: options.disconnectGraceMs,
      onBug: (bug, { id, correlationId }) => options.onBug(bug, { executionId: id, correlationId }),
      onFinished: (execution) => {
        delete live[key]
        finished.add(principal.tenant, id, execution)
        ended.add(principal.tenant, id, true)
      },
    })
  }

  return {
    submit,
    find(tenant, id) {
      const execution = live[keyOf(tenant, id)] ?? finished.get(tenant, id)
      if (!execution) throw new RequestError('NOT_FOUND', `There is no execution ${id.slice(0, 64)}`)
      return execution
    },
    get ready() {
      return !closing && sandbox.ready
    },
    async close({ drainMs }) {
      closing = true
      admission.refuseAll(shuttingDown)
      const drained = Promise.all(Object.values(live).map(endOf))
      const timer = setTimeout(() => {
        for (const execution of Object.values(live)) execution.cancel('the executor is shutting down')
      }, drainMs)
      await drained
      clearTimeout(timer)
    },
  }
}

/** Resolves when the execution has ended, or was refused. */
async function endOf(execution: Execution): Promise<void> {
  try {
    await execution.admitted
  } catch {
    return
  }
  await execution.finished
}

function resultGone(executionId: string): RequestError {
  return new RequestError(
    'IDEMPOTENCY_CONFLICT',
    `The execution ${executionId} has ended and its result is no longer kept`,
    {
      executionId,
      suggestion: 'Use a new id to run the code again.',
    },
  )
}

/** The answer to a repeat of an unknown execution that a predecessor of this process may have run, or this one long ago. */
function mayHaveRun(executionId: string): RequestError {
  return new RequestError(
    'NOT_FOUND',
    `There is no execution ${executionId}, and this executor can't tell whether its code has run: ` +
      'it was started, or has forgotten ended executions, since the request was first sent',
    { executionId, suggestion: 'Use a new id to run the code, if that may happen twice.' },
  )
}

function keyOf(tenant: string, id: string): string {
  return `${tenant}\0${id}`
}

function sameRequest<E extends Execution | EndedExecution>(existing: E, { bodyHash }: Submission): E {
  if (existing.bodyHash === bodyHash) return existing
  throw new RequestError('IDEMPOTENCY_CONFLICT', `The execution ${existing.id} exists with another request`, {
    executionId: existing.id,
    suggestion: 'Use a new id for a new request; repeat a request with exactly the same body.',
  })
}

function checkSize(path: string, text: string, limitBytes: number): string {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes <= limitBytes) return text
  throw new RequestError('PAYLOAD_TOO_LARGE', `${path} has ${sizeBytes} bytes; the limit is ${limitBytes}`, {
    details: { path, sizeBytes, limitBytes },
  })
}

/** A value of the request as the journal keeps it. */
function textOf(path: string, value: unknown, limitBytes: number): string {
  if (isNestedDeeperThan(value, maxValueNesting)) throw tooDeep(path)
  try {
    return checkSize(path, JSON.stringify(value), limitBytes)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw tooDeep(path)
  }
}

function tooDeep(path: string): RequestError {
  return new RequestError('INVALID_REQUEST', `${path} is nested too deeply`, { details: { path } })
}

/** Deeper schemas serve nobody, and could not be written out again with the journal. */
const maxDeclarationNesting = 200

function checkNesting<Value>(path: string, value: Value): Value {
  if (nestingOf(textOf(path, value, Infinity)) <= maxDeclarationNesting) return value
  throw new RequestError(
    'INVALID_REQUEST',
    `${path} is nested too deeply; the limit is ${maxDeclarationNesting} levels`,
    {
      details: { path, limit: maxDeclarationNesting },
    },
  )
}

function headerOf(
  { request, correlationId }: Submission,
  executionId: string,
  limits: ExecutionLimits,
  { guestRuntime, v8, icu, arch }: Sandbox['versions'],
): JournalHeader {
  return {
    version: journalVersion,
    executionId,
    correlationId,
    createdAt: new Date().toISOString(),
    code: checkSize('code', request.code, limits.sourceBytes),
    input: textOf('input', request.input ?? null, limits.inputBytes),
    context: textOf('context', request.context ?? {}, limits.inputBytes),
    config: textOf('config', request.config ?? {}, limits.inputBytes),
    tools: checkNesting('tools', request.tools ?? []),
    limits,
    seed: randomBytes(32).toString('hex'),
    runtime: { guestRuntime, v8, icu, arch },
  }
}

/** The queue's clock, or what the client's request has left, whichever is less. */
function queueClock(
  limits: ExecutionLimits,
  remainingMs = Infinity,
): { timeoutMs: number; timeoutLayer: 'queue' | 'request' } {
  return remainingMs < limits.queueTimeoutMs
    ? { timeoutMs: remainingMs, timeoutLayer: 'request' }
    : { timeoutMs: limits.queueTimeoutMs, timeoutLayer: 'queue' }
}

function executionClock(limits: ExecutionLimits, queuedMs: number, remainingMs = Infinity): Clock {
  const leftMs = Math.max(1, remainingMs - queuedMs)
  return leftMs < limits.executionTimeoutMs
    ? { layer: 'request', option: 'requestTimeoutMs', timeoutMs: leftMs }
    : { layer: 'execution', option: 'executionTimeoutMs', timeoutMs: limits.executionTimeoutMs }
}

function shuttingDown(): RequestError {
  return new RequestError('SHUTTING_DOWN', 'The executor is shutting down', { retryAfterSeconds: 1 })
}
