import { randomBytes } from 'node:crypto'

import {
  journalVersion,
  maxJsonNesting,
  newExecutionId,
  RequestError,
  type Callback,
  type JournalHeader,
} from '@codemode/shared'
import { textHead } from '@codemode/shared/internal'

import type { Sandbox } from '../sandbox/sandbox.ts'
import { createStreamTransport } from '../tools/stream-transport.ts'
import type { ToolTransport } from '../tools/transport.ts'
import { Admission } from './admission.ts'
import { refuseUnlessFirst } from './at-most-once.ts'
import type { EngineObserver } from './engine-observer.ts'
import type { Engine, Submission } from './engine.ts'
import { Execution } from './execution.ts'
import type { WallTimeout } from './runner/failures.ts'
import { createClock } from './clock.ts'
import { createInstance } from './instance.ts'
import { JournalLog } from './state/journal-log.ts'
import { isNestedDeeperThan, nestedTooDeeply } from './nesting.ts'
import { Pacer } from './runner/pacer.ts'
import { RetentionStore } from './retention-store.ts'
import { resolveLimits, type ExecutionLimits } from './limits.ts'

interface EngineOptions {
  readonly sandbox: Sandbox
  readonly callbackTransport: (callback: Callback, tenant: string) => ToolTransport
  readonly maxRunning: number
  readonly maxQueued: number
  readonly disconnectGraceMs: number
  readonly observer: EngineObserver
  /** Bounds of the ended executions that stay readable: age, count, and bytes of memory. */
  readonly retain: { readonly ms: number; readonly count: number; readonly bytes: number }
}

/** Creates the engine that runs executions in the given sandbox and keeps them in memory. */
export function createEngine(options: EngineOptions): Engine {
  const { sandbox } = options
  const instance = createInstance()
  const pacer = new Pacer()
  const active = new Map<string, Execution>()
  const endedExecutions = new RetentionStore<Execution>({
    ...options.retain,
    bytesOf: ({ heapBytes }) => heapBytes,
  })
  const admission = new Admission({
    maxRunning: options.maxRunning,
    maxQueued: options.maxQueued,
    roomFor: (placement) => sandbox.roomFor(placement),
    throttledMs: (tenant) => sandbox.throttledMs(tenant),
  })
  sandbox.onRoom(() => admission.advance())
  /** Ids of ended executions. They outlast the results, since a late repeat must not run the code again. */
  const endedIds = new RetentionStore<true>({
    ms: options.retain.ms,
    count: options.retain.count * 10,
    bytes: Infinity,
    bytesOf: () => 1,
    now: () => instance.now(),
  })
  let isClosing = false

  function submit(submission: Submission): Execution {
    const id = submission.request.id ?? newExecutionId()
    const { tenant } = submission.principal
    const key = keyOf(tenant, id)
    const existing = active.get(key) ?? endedExecutions.get(tenant, id)
    if (existing) return sameRequest(existing, submission)
    if (endedIds.get(tenant, id)) throw resultGone(id)
    refuseUnlessFirst({ executionId: id, known: submission.known, forgottenAt: endedIds.forgottenAt }, instance)
    if (isClosing) throw shuttingDown()
    const limits = resolveLimits(submission.request.limits, submission.principal)
    const execution = start(submission, id, key, limits)
    active.set(key, execution)
    execution.admitted.catch(() => {
      if (active.get(key) === execution) active.delete(key)
    })
    return execution
  }

  function start(submission: Submission, id: string, key: string, limits: ExecutionLimits): Execution {
    const { request, principal, correlationId, remainingMs, bodyHash } = submission
    // Created before the permit is requested, so that an invalid header takes no place in the queue.
    const journal = new JournalLog(headerOf(submission, id, limits, sandbox.versions))
    const stream = submission.transport === 'stream' ? createStreamTransport() : undefined
    const permit = admission.requestPermit(principal, {
      priority: request.priority ?? 0,
      ...queueTimeoutOf(limits, remainingMs),
    })
    return new Execution({
      journal,
      bodyHash,
      owner: principal.owner,
      placement: { tenant: principal.tenant, isolation: principal.isolation },
      label: request.label,
      node: instance.id,
      permit,
      sandbox,
      now: createClock(),
      pacer,
      transport:
        stream ??
        (request.callback ? options.callbackTransport(request.callback, principal.tenant) : createStreamTransport()),
      answerStreamedCall: stream && ((callId, answer) => stream.answer(callId, answer)),
      wallTimeoutOf: (queuedMs) => wallTimeoutOf(limits, queuedMs, remainingMs),
      disconnectGraceMs: options.disconnectGraceMs,
      onFailedByBug: (error) => options.observer.executionFailedByBug(error, { executionId: id, correlationId }),
      onFinished: (execution) => {
        active.delete(key)
        endedExecutions.add(principal.tenant, id, execution)
        endedIds.add(principal.tenant, id, true)
      },
    })
  }

  return {
    reading: () => instance.reading(),
    submit,
    find(tenant, id) {
      const execution = active.get(keyOf(tenant, id)) ?? endedExecutions.get(tenant, id)
      if (!execution) throw new RequestError('NOT_FOUND', `There is no execution ${textHead(id, 64)}`)
      return execution
    },
    get readiness() {
      if (isClosing) return 'shutting-down'
      return sandbox.ready ? 'ready' : 'no-sandbox-process'
    },
    async close({ drainMs }) {
      isClosing = true
      admission.refuseAll(shuttingDown)
      const drained = Promise.all([...active.values()].map(endOf))
      const timer = setTimeout(() => {
        for (const execution of active.values()) execution.cancel('the executor is shutting down')
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
  return new RequestError('RESULT_GONE', `The execution ${executionId} has ended, and its result is no longer kept`, {
    executionId,
    ambiguous: true,
    suggestion: 'Use a new id to run the code again.',
  })
}

function keyOf(tenant: string, id: string): string {
  return `${tenant}\0${id}`
}

function sameRequest(existing: Execution, { bodyHash }: Submission): Execution {
  if (existing.bodyHash === bodyHash) return existing
  throw new RequestError('IDEMPOTENCY_CONFLICT', `The id ${existing.id} belongs to an execution of another request`, {
    executionId: existing.id,
    suggestion: 'Use a new id for a new request; repeat a request with exactly the same body.',
  })
}

function checkSize(path: string, text: string, limitBytes: number): string {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes <= limitBytes) return text
  const [option, advice] =
    path === 'code' ? ['sourceBytes', 'Pass data as input.'] : ['inputBytes', 'Send less, or pass a reference.']
  const message = `The ${path} is ${sizeBytes} bytes; the limit is ${limitBytes} bytes (${option}). ${advice}`
  throw new RequestError('PAYLOAD_TOO_LARGE', message, {
    details: { path, sizeBytes, limitBytes },
  })
}

/** Returns a value of the request as the journal keeps it: JSON text within the given size and nesting. */
function textOf(path: string, value: unknown, { limitBytes, maxNesting = maxJsonNesting }: TextLimits): string {
  // The nesting is checked first, because `JSON.stringify` takes time that grows with the square of the depth.
  if (isNestedDeeperThan(value, maxNesting)) throw tooDeep(path, maxNesting)
  return checkSize(path, JSON.stringify(value), limitBytes)
}

interface TextLimits {
  readonly limitBytes: number
  readonly maxNesting?: number
}

function tooDeep(path: string, limit: number): RequestError {
  return new RequestError('INVALID_REQUEST', `${path} ${nestedTooDeeply(limit)}`, {
    details: { path, limit },
    suggestion: `Reduce the nesting of ${path}.`,
  })
}

/** Maximum nesting of tool declarations. Deeper schemas have no use, and could not be serialised with the journal. */
const maxDeclarationNesting = 200

function checkNesting<Value>(path: string, value: Value): Value {
  textOf(path, value, { limitBytes: Infinity, maxNesting: maxDeclarationNesting })
  return value
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
    input: textOf('input', request.input ?? null, { limitBytes: limits.inputBytes }),
    context: textOf('context', request.context ?? {}, { limitBytes: limits.inputBytes }),
    config: textOf('config', request.config ?? {}, { limitBytes: limits.inputBytes }),
    tools: checkNesting('tools', request.tools ?? []),
    limits,
    seed: randomBytes(32).toString('hex'),
    runtime: { guestRuntime, v8, icu, arch },
  }
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

function shuttingDown(): RequestError {
  return new RequestError('SHUTTING_DOWN', 'The executor is shutting down', { retryAfterSeconds: 1 })
}
