import { hash } from 'node:crypto'

import {
  executionIdSchema,
  executionRequestSchema,
  headers,
  newExecutionId,
  parseKnownReading,
  RequestError,
  type AcceptedExecution,
  type ExecutionRequest,
  type KnownReading,
} from '@codemode/shared'
import type { Handler } from 'hono'
import { accepts } from 'hono/accepts'

import type { DetachedHandle, Engine, ExecutionHandle, Submission } from '../engine/engine.ts'
import type { CallbackGuard } from '../tools/callback-guard.ts'
import { quotedHead } from '../problem-texts.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpContext, HttpEnv } from './http-context.ts'
import { slowJsonResponse } from './json-response.ts'
import { requireRight, requireRightOrOwner } from './rights.ts'
import { checkStep } from './session-step.ts'
import { eventStreamResponse, type EventStreamOptions } from './sse.ts'

interface CreateExecutionOptions extends EventStreamOptions {
  readonly engine: Pick<Engine, 'submit' | 'submitDetached' | 'sessions'>
  readonly guard: Pick<CallbackGuard, 'check'>
  /** Guard of the receivers of notifications. */
  readonly notifyGuard: Pick<CallbackGuard, 'check'>
}

const readBody = jsonBody({ schema: executionRequestSchema, maxBytes: bodyLimits.executionBytes })

/**
 * Handles POST /v1/executions and POST /v1/sessions/:session/steps: runs code, and responds with its result or, for `accept:
 * text/event-stream`, its events.
 */
export function createExecution(options: CreateExecutionOptions): Handler<HttpEnv> {
  const { engine, guard, notifyGuard, ...streamOptions } = options
  return async function createExecution(c) {
    const principal = c.get('principal')
    requireRight(principal, 'run', 'Running code')
    const known = knownReading(c)
    const body = await readBody(c.req.raw)
    const wantsEvents = prefersEvents(c)
    const request = { ...body.value, id: executionId(c, body.value) }
    const id = c.req.param('session')
    const session = id === undefined ? undefined : await engine.sessions.find(principal.tenant, id)
    if (session !== undefined) checkStep(principal, session, request)
    const isDetached = request.detached === true || session?.isDurable === true
    refuseUnservable(request, { wantsEvents, isDetached })
    if (request.callback !== undefined) guard.check(request.callback.url, { isDetached })
    if (request.notify !== undefined) notifyGuard.check(request.notify.url)

    const ofSession = id === undefined ? '' : ` ${id}`
    if (isDetached) {
      const submitted = submission(c, request, { bodyHash: `${hashOf(request)}${ofSession}` })
      return createDetached(c, submitted, () => engine.submitDetached(submitted, session?.facts))
    }
    const handle = engine.submit({
      ...submission(c, request, { bodyHash: `${body.sha256}${ofSession}`, known }),
      ...(id !== undefined && { session: id }),
    })
    // A repeat of another owner's request gets an execution that already exists.
    requireRightOrOwner(principal, 'read', { execution: handle, action: 'Reading the execution with this id' })
    const detach = attachUntilClosed(c, handle)
    try {
      // The response of a step that waits for earlier ones begins now: its client may then send the next one.
      if (!handle.isAccepted) await handle.admitted
      return await (wantsEvents
        ? eventStreamResponse(c, handle, streamOptions)
        : resultResponse(c, handle, { ...streamOptions, ...(session !== undefined && { acceptMs }) }))
    } finally {
      detach()
    }
  }
}

function submission(
  c: HttpContext,
  request: ExecutionRequest,
  { bodyHash, known }: { bodyHash: string; known?: KnownReading | undefined },
): Submission {
  const remainingMs = remainingTime(c)
  return {
    request,
    bodyHash,
    principal: c.get('principal'),
    correlationId: c.get('correlationId'),
    transport: request.callback === undefined ? 'stream' : 'callback',
    ...(remainingMs !== undefined && { remainingMs }),
    ...(known !== undefined && { known }),
  }
}

/** Responds with 202 when a detached execution has been stored. */
async function createDetached(
  c: HttpContext,
  submitted: Submission,
  submit: () => Promise<DetachedHandle>,
): Promise<Response> {
  const execution = await submit()
  const { id, correlationId, status } = execution
  requireRightOrOwner(submitted.principal, 'read', { execution, action: 'Reading the execution with this id' })
  c.header(headers.executionId, id)
  return c.json({ executionId: id, status, correlationId } satisfies AcceptedExecution, 202)
}

/**
 * Returns the SHA-256 of what a detached execution runs. Its callback and its receiver of notifications may differ when the
 * request is repeated, because their secrets do.
 */
function hashOf(request: ExecutionRequest): string {
  return hash('sha256', JSON.stringify({ ...request, callback: undefined, notify: undefined }), 'hex')
}

/**
 * Milliseconds after which the response to a step begins without its result, so that its client knows that the step is
 * accepted. The response to a shorter step is one write.
 */
const acceptMs = 20

function resultResponse(
  c: HttpContext,
  handle: ExecutionHandle,
  { heartbeatMs, acceptMs = heartbeatMs }: EventStreamOptions & { readonly acceptMs?: number },
) {
  const { id, finished } = handle
  return slowJsonResponse(c, {
    executionId: id,
    heartbeatMs,
    beginAfterMs: acceptMs,
    finished,
    json: () => handle.result(),
    status: () => (handle.isPromoted ? 202 : 200),
  })
}

/** Counts the request as a reader until the returned function is called or the client closes the connection. */
function attachUntilClosed(c: HttpContext, handle: ExecutionHandle): () => void {
  const { signal } = c.req.raw
  const detach = handle.attachReader()
  let isAttached = true
  const detachOnce = () => {
    signal.removeEventListener('abort', detachOnce)
    if (isAttached) detach()
    isAttached = false
  }
  signal.addEventListener('abort', detachOnce)
  if (signal.aborted) detachOnce()
  return detachOnce
}

/** Returns whether `accept` ranks events above JSON. */
function prefersEvents(c: HttpContext): boolean {
  const supports = ['application/json', 'text/event-stream']
  return accepts(c, { header: 'Accept', supports, default: 'application/json' }) === 'text/event-stream'
}

function executionId(c: HttpContext, { id }: ExecutionRequest): string {
  const key = c.req.header(headers.idempotencyKey)
  if (key === undefined) return id ?? newExecutionId()
  if (!executionIdSchema.safeParse(key).success) {
    throw new RequestError(
      'INVALID_REQUEST',
      `The header ${headers.idempotencyKey} is ${quotedHead(key)}; it must be "exe_" and a UUID in lower case.`,
    )
  }
  if (id !== undefined && id !== key) {
    throw new RequestError(
      'INVALID_REQUEST',
      `The header ${headers.idempotencyKey} is "${key}", but the body's id is "${id}".`,
      {
        suggestion: 'Send the same id in both, or only one of them.',
      },
    )
  }
  return key
}

function remainingTime(c: HttpContext): number | undefined {
  return milliseconds(c, headers.timeoutMs, 1)
}

function knownReading(c: HttpContext): KnownReading | undefined {
  const text = c.req.header(headers.known)
  if (text === undefined) return undefined
  const known = parseKnownReading(text)
  if (known !== undefined) return known
  throw new RequestError(
    'INVALID_REQUEST',
    `The header ${headers.known} is ${quotedHead(text)}; it must be "<instance>=<clock>" or "none".`,
    { suggestion: `Send the values of ${headers.instance} and ${headers.clock} of an earlier response.` },
  )
}

function milliseconds(c: HttpContext, name: string, min: number): number | undefined {
  const text = c.req.header(name)
  if (text === undefined) return undefined
  if (/^\d{1,10}$/.test(text) && Number(text) >= min) return Number(text)
  throw new RequestError(
    'INVALID_REQUEST',
    `The header ${name} is ${quotedHead(text)}; it must be a number of milliseconds, at least ${min}.`,
  )
}

function refuseUnservable(
  request: ExecutionRequest,
  { wantsEvents, isDetached }: { readonly wantsEvents: boolean; readonly isDetached: boolean },
): void {
  const { tools = [], callback, detached, expiresAfterMs, notify, approvals } = request
  if (expiresAfterMs !== undefined && detached !== true) {
    throw new RequestError('INVALID_REQUEST', 'expiresAfterMs is an option of detached executions only.', {
      details: { path: 'expiresAfterMs' },
      suggestion: 'Send detached: true, or set limits.executionTimeoutMs instead.',
    })
  }
  if (isDetached && approvals === 'client') {
    throw new RequestError('INVALID_REQUEST', 'approvals: "client" is an option of attached executions only.', {
      details: { path: 'approvals' },
      suggestion:
        'Omit it: the approvals of a detached execution are decided at POST /v1/executions/:id/approvals/:callId.',
    })
  }
  const mayBeDetached = isDetached || (approvals !== 'client' && tools.some((tool) => tool.requiresApproval))
  if (notify !== undefined && !mayBeDetached) {
    throw new RequestError(
      'INVALID_REQUEST',
      'notify is an option of detached executions, and of attached ones with tools that require approval by a key.',
      {
        details: { path: 'notify' },
        suggestion: 'Send detached: true, or omit notify: the client of an attached execution gets its result.',
      },
    )
  }
  if (tools.length > 0 && callback === undefined && !isDetached && !wantsEvents) {
    throw new RequestError(
      'INVALID_REQUEST',
      'The request declares tools, but there is no way to call them: it has no callback and does not accept a stream of events.',
      {
        suggestion:
          'Send callback: {url, token}, or ask for events with "accept: text/event-stream" and answer them at POST /v1/executions/:id/tool-results.',
      },
    )
  }
}
